import { createServer } from 'node:net'
import { DecodeError, fixedPrefix, FrameSplitter } from '@hearsay/protocol-core/pure'
import { pipe } from 'it-pipe'
import { listenProblem, StartError } from '../errors.ts'
import { isLoopback } from '../loopback.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { HostPort } from '../config/kinds.ts'
import type { Log } from '../log.ts'

/** One client of an API, as its protocol sees it */
export interface ApiClient {
  /** For logs: where it connected from */
  readonly name: string
  /** Queue a payload; a client that does not read is dropped once its queue is full */
  send(payload: Uint8Array): void
}

/** What an API does with one client: one is made for each connection. */
export interface ApiSession {
  /** @throws to close the connection; the error's message is logged */
  onFrame(payload: Uint8Array): void
  /** The connection ended */
  onEnd(): void
}

export interface ApiServerInit {
  /** For logs and errors */
  name: string
  /** The flag that sets the address, for errors */
  flag: string
  createSession(client: ApiClient): ApiSession
  /** One more is refused. @default 1_024 */
  maxClients?: number
  log: Log
}

/** `size:u16` counts the whole message, itself included */
const PREFIX = fixedPrefix(2, { inclusive: true })
const MAX_PAYLOAD_BYTES = 65_533
/** Local programs are few; one more is refused */
const MAX_CLIENTS = 1_024
/** Bytes a client may leave unread … */
const MAX_CLIENT_QUEUE_BYTES = 4 * 2 ** 20
/** … where each message counts as this many more, which is what keeping it takes */
const MESSAGE_OVERHEAD_BYTES = 256

/** A TCP server for other programs on this machine. */
export class ApiServer {
  private readonly init: ApiServerInit
  private readonly server: Server
  /** BOUNDED by maxClients */
  private readonly sockets = new Set<Socket>()

  constructor(init: ApiServerInit) {
    this.init = init
    this.server = createServer({ noDelay: true }, (socket) => void this.serve(socket))
    this.server.maxConnections = init.maxClients ?? MAX_CLIENTS
  }

  /** @throws {StartError} when the address cannot be listened on */
  async listen({ host, port }: HostPort): Promise<HostPort> {
    const { name, flag, log } = this.init

    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (err: NodeJS.ErrnoException) => {
        const why = listenProblem(err)
        reject(new StartError(`cannot listen on ${host}:${port} for the ${name} (${flag}): ${why}`, { cause: err }))
      })
      this.server.listen(port, host, resolve)
    })

    const { address, port: bound } = this.server.address() as AddressInfo

    if (!isLoopback(address)) {
      log.warn(`the ${name} listens on ${address}: anybody who reaches that address can use it`)
    }

    return { host: address, port: bound }
  }

  async stop(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy())

    if (this.server.listening) {
      await new Promise((resolve) => this.server.close(resolve))
    }
  }

  private async serve(socket: Socket): Promise<void> {
    const client = this.createClient(socket)
    const session = this.init.createSession(client)
    this.sockets.add(socket)

    try {
      await pipe(socket, frames, async (payloads) => {
        for await (const payload of payloads) {
          session.onFrame(payload)
        }
      })
    } catch (err) {
      // the socket's errors have a code, and say that the client went away, which clients may
      if ((err as NodeJS.ErrnoException).code === undefined) {
        this.warnClosed(client.name, (err as Error).message)
      }
    } finally {
      this.sockets.delete(socket)
      session.onEnd()
      socket.destroy()
    }
  }

  private createClient(socket: Socket): ApiClient {
    const name = `${socket.remoteAddress}:${socket.remotePort}`
    let unread = 0
    const onRead = (): void => void unread--

    return {
      name,
      send: (payload) => {
        const queuedBytes = socket.writableLength === 0 ? 0 : socket.writableLength + unread * MESSAGE_OVERHEAD_BYTES

        if (!socket.writable) {
          return
        }

        if (queuedBytes + payload.byteLength > MAX_CLIENT_QUEUE_BYTES) {
          this.warnClosed(name, `it left ${unread} messages unread, ${socket.writableLength} bytes`)
          socket.destroy()
        } else {
          unread++
          socket.write(framed(payload), onRead)
        }
      }
    }
  }

  private warnClosed(client: string, why: string): void {
    this.init.log.warn(`${this.init.name}: closed ${client}: ${why}`)
  }
}

function framed(payload: Uint8Array): Uint8Array {
  const width = PREFIX.width(payload.byteLength)
  const frame = new Uint8Array(width + payload.byteLength)
  PREFIX.write(frame, 0, payload.byteLength)
  frame.set(payload, width)
  return frame
}

/** Cuts what a client sends into payloads. The client waits while one is handled */
async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const splitter = new FrameSplitter(PREFIX, MAX_PAYLOAD_BYTES)

  for await (const chunk of chunks) {
    const payloads: Uint8Array[] = []
    let failure: unknown

    try {
      splitter.push(chunk, (payload) => payloads.push(payload) > 0)
    } catch (err) {
      failure = err
    }

    // what came before the mistake counts
    yield* payloads

    if (failure !== undefined) {
      throw failure
    }
  }

  if (splitter.heldBytes > 0) {
    throw new DecodeError('the connection ended within a message')
  }
}
