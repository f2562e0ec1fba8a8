/** Hono speaks fetch; this is how it speaks it over node:http. Nothing is buffered: who reads slowly waits. */
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { listenProblem, StartError } from '../errors.ts'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

/** The command line is one client, a dashboard another; one more is refused */
const MAX_CONNECTIONS = 64
/** In ms, for a client to send its request */
const REQUEST_TIMEOUT = 10_000

type Fetch = (request: Request) => Response | Promise<Response>

export function createHttpServer(fetch: Fetch): Server {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: 1_000 },
    (incoming, outgoing) => void respond(fetch, incoming, outgoing)
  )
  server.maxConnections = MAX_CONNECTIONS
  return server
}

/** @throws {StartError} which names the flag */
export async function listening(server: Server, listen: () => void, where: string, flag: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (err) => {
      reject(new StartError(`cannot listen on ${where} for the ${flag}: ${listenProblem(err)}`, { cause: err }))
    })
    server.once('listening', resolve)
    listen()
  })
}

export async function closeServer(server: Server | undefined): Promise<void> {
  if (server?.listening === true) {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  }
}

async function respond(fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  try {
    const response = await fetch(requestOf(incoming))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))

    if (response.body === null) {
      outgoing.end()
    } else {
      await pipeline(Readable.fromWeb(response.body as NodeReadableStream), outgoing)
    }
  } catch {
    // the client went away, or what it sent is no request: the application answers for its own errors
    outgoing.destroy()
  }
}

/** The host is checked by its header: the URL is that of no one */
function requestOf(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', rawHeaders } = incoming
  const headers = new Headers()

  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!)
  }

  const bare = method === 'GET' || method === 'HEAD'
  const body = bare ? null : (Readable.toWeb(incoming) as ReadableStream)
  return new Request(new URL(url, 'http://localhost'), { method, headers, body, duplex: 'half' } as RequestInit)
}
