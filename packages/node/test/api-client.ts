import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { HostPort } from '@hearsay/node'

/** In ms; what has not come by then does not come */
export const PATIENCE = 20_000

/** For `vi.waitFor`, where there is no event to wait for */
export const OFTEN = { timeout: PATIENCE, interval: 10 }

/** One message as it is on the wire, for tests that must not trust our codec */
export interface Frame {
  type: number
  body: Buffer
}

export interface Notification {
  messageId: number
  dataType: number
  text: string
}

/** `size:u16 type:u16 body` */
export function frame(type: number, ...body: (number[] | Uint8Array)[]): Buffer {
  const payload = Buffer.concat(body.map((part) => Uint8Array.from(part)))
  const header = Buffer.alloc(4)
  header.writeUInt16BE(payload.byteLength + 4, 0)
  header.writeUInt16BE(type, 2)
  return Buffer.concat([header, payload])
}

export const u16 = (value: number): number[] => [value >> 8, value & 0xff]

export const announceFrame = (dataType: number, data: Uint8Array | string, { ttl = 0, reserved = 0 } = {}): Buffer =>
  frame(500, [ttl, reserved], u16(dataType), Buffer.from(data))

export const notifyFrame = (dataType: number, { reserved = 0 } = {}): Buffer => frame(501, u16(reserved), u16(dataType))

export const validationFrame = (messageId: number, lastBits: number): Buffer =>
  frame(503, u16(messageId), u16(lastBits))

/** Rejects with what was waited for, rather than leave a test to its timeout */
export async function within<T>(promise: Promise<T>, what: string, ms = PATIENCE): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what}: not within ${ms} ms`)), ms)

  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A program that uses the gossip API, built on nothing but a socket and the specification. */
export class ApiClient {
  readonly socket: Socket
  /** As the other side logs it */
  name = ''
  /** Settles when the connection is over, however it ended */
  readonly closed: Promise<void>
  private readonly arrived: Frame[] = []
  private unparsed: Buffer = Buffer.alloc(0)
  private wake = (): void => {}

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('data', (chunk: Buffer) => this.onData(chunk))
    // a reset is one of the ends that tests provoke
    socket.on('error', () => {})
  }

  static async connect({ host, port }: HostPort, options: { allowHalfOpen?: boolean } = {}): Promise<ApiClient> {
    const socket = connect({ host, port, noDelay: true, ...options })
    const client = new ApiClient(socket)
    await within(once(socket, 'connect'), 'a connection to the API')
    client.name = `${socket.localAddress}:${socket.localPort}`
    return client
  }

  /** Frames that arrived and that nobody asked for yet */
  get waiting(): readonly Frame[] {
    return this.arrived
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  async next(): Promise<Frame> {
    if (this.arrived.length === 0) {
      await within(new Promise<void>((resolve) => (this.wake = resolve)), 'a frame of the API')
    }

    return this.arrived.shift()!
  }

  async notification(): Promise<Notification> {
    const { type, body } = await this.next()

    if (type !== 502) {
      throw new Error(`expected a NOTIFICATION, got type ${type}`)
    }

    return { messageId: body.readUInt16BE(0), dataType: body.readUInt16BE(2), text: body.subarray(4).toString() }
  }

  close(): void {
    this.socket.destroy()
  }

  private onData(chunk: Buffer): void {
    this.unparsed = Buffer.concat([this.unparsed, chunk])
    let at = 0

    while (this.unparsed.byteLength - at >= 2 && this.unparsed.byteLength - at >= this.unparsed.readUInt16BE(at)) {
      const end = at + this.unparsed.readUInt16BE(at)
      this.arrived.push({ type: this.unparsed.readUInt16BE(at + 2), body: this.unparsed.subarray(at + 4, end) })
      at = end
    }

    this.unparsed = this.unparsed.subarray(at)
    this.wake()
  }
}
