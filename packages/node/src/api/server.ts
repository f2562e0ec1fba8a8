import { createServer } from 'node:net'
import { DecodeError, fixedPrefix, framed, FrameSplitter } from '@hearsay/protocol-core/pure'
import { pipe } from 'it-pipe'
import { listenProblem, StartError } from '../errors.ts'
import { isLoopback } from '../loopback.ts'
import { ClientQueues } from './client-queues.ts'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { HostPort } from '../config/kinds.ts'
import type { ClientQueue } from './client-queues.ts'
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
  /**
   * @returns a promise to have the client wait until it settles
   * @throws to close the connection; the error's message is logged
   */
  onFrame(payload: Uint8Array): void | Promise<void>
  /** The client has said all it will. What it is still to be told may be, until this settles */
  onInputEnd?(): Promise<void>
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
  /** Of all APIs. @default its own, of 64 MiB */
  queues?: ClientQueues
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

/** What all may leave unread */
const MAX_QUEUED_BYTES = 64 * 2 ** 20

/** In ms; for a client that ended its side to read its last answers */
const FLUSH_TIMEOUT = 5_000

/** A TCP server for other programs on this machine. */
export class ApiServer {
  private readonly init: ApiServerInit
  private readonly server: Server
  /** BOUNDED by maxClients */
  private readonly sockets = new Set<Socket>()
  private readonly queues: ClientQueues

  constructor(init: ApiServerInit) {
    this.init = init
    this.queues = init.queues ?? new ClientQueues(MAX_QUEUED_BYTES)
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => void this.serve(socket))
    const maxClients = init.maxClients ?? MAX_CLIENTS
    this.server.maxConnections = maxClients
    this.server.on('drop', (client) =>
      this.warnClosed(`${client?.remoteAddress}:${client?.remotePort}`, `there are ${maxClients} clients already`)
    )
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
    this.server.on('error', (err) => log.error(`${name}: ${err.message}`))

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
      await pipe(socket.iterator({ destroyOnReturn: false }), frames, async (payloads) => {
        for await (const payload of payloads) {
          await handle(session, payload)
        }
      })
      await this.finish(socket, session)
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

  /** Whoever ends its side may still be owed answers */
  private async finish(socket: Socket, session: ApiSession): Promise<void> {
    if (session.onInputEnd !== undefined) {
      await session.onInputEnd()
      socket.setTimeout(FLUSH_TIMEOUT, () => socket.destroy())
      await new Promise<void>((resolve) => {
        socket.once('close', resolve)
        socket.end(resolve)
      })
    }
  }

  private createClient(socket: Socket): ApiClient {
    const name = `${socket.remoteAddress}:${socket.remotePort}`
    let unread = 0
    const onRead = (): void => void unread--
    const close = (why: string): void => {
      this.warnClosed(name, why)
      socket.destroy()
    }
    // a socket that is destroyed frees what it held
    const size = (): number =>
      socket.writableLength === 0 || socket.destroyed ? 0 : socket.writableLength + unread * MESSAGE_OVERHEAD_BYTES
    const queue: ClientQueue = { size, close }
    this.queues.add(queue)
    socket.once('close', () => this.queues.remove(queue))

    return {
      name,
      send: (payload) => {
        if (!socket.writable) {
          return
        }

        if (size() + payload.byteLength > MAX_CLIENT_QUEUE_BYTES) {
          close(`it left ${unread} messages unread, ${socket.writableLength} bytes`)
        } else {
          unread++
          socket.write(framed(PREFIX, payload), onRead)
          this.queues.grew(payload.byteLength + MESSAGE_OVERHEAD_BYTES)
        }
      }
    }
  }

  private warnClosed(client: string, why: string): void {
    this.init.log.warn(`${this.init.name}: closed ${client}: ${why}`)
  }
}

/** Its author is told which message was wrong */
async function handle(session: ApiSession, payload: Uint8Array): Promise<void> {
  const [high, low] = payload
  const size = payload.byteLength + PREFIX.width(payload.byteLength)

  if (high === undefined || low === undefined) {
    throw new DecodeError(`a message of ${size} bytes has no room for its type`)
  }

  try {
    await session.onFrame(payload)
  } catch (err) {
    throw new DecodeError(`${(err as Error).message} (type ${high * 256 + low}, ${size} bytes)`, { cause: err })
  }
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
