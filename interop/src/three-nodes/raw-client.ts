/**
 * Another program on the same machine, which knows nothing of hearsay: every byte it sends is written out here.
 *
 * @see docs/specs/gossip.md#api
 */
import { connect } from 'node:net'
import { until } from './until.ts'
import type { Socket } from 'node:net'

/** GOSSIP NOTIFY: size 8, type 501, reserved, data type 1337 */
export const NOTIFY: Buffer = Buffer.from([0x00, 0x08, 0x01, 0xf5, 0x00, 0x00, 0x05, 0x39])

/** GOSSIP ANNOUNCE: size, type 500, ttl, reserved, data type 1337, the text */
export function announce(ttl: number, text: string): Buffer {
  const data = Buffer.from(text)
  const size = 8 + data.length
  return Buffer.concat([Buffer.from([size >> 8, size & 0xff, 0x01, 0xf4, ttl, 0x00, 0x05, 0x39]), data])
}

/** GOSSIP VALIDATION: size 8, type 503, message id, reserved, V */
function validation(id: number, valid: boolean): Buffer {
  return Buffer.from([0x00, 0x08, 0x01, 0xf7, id >> 8, id & 0xff, 0x00, valid ? 0x01 : 0x00])
}

export interface Notification {
  id: number
  text: string
  /** In ms, on the clock of `performance.now()` */
  at: number
}

export interface RawClientInit {
  /** For messages */
  name: string
  /** `host:port` of a gossip API */
  api: string
  /** Say V=1 to every notification as it comes; if not, `validate` says it */
  agreeing: boolean
  signal: AbortSignal
}

/** In ms, on loopback */
const CONNECT_TIMEOUT = 10_000

export class RawClient {
  readonly name: string
  /** Our end of the connection, as the node's log names it */
  address = ''
  /** In the order of their arrival. BOUNDED by what the demonstration announces */
  readonly notifications: Notification[] = []
  private readonly init: RawClientInit
  private readonly socket: Socket
  /** Of a frame that is not complete. BOUNDED by one frame, 65,535 bytes */
  private received: Buffer = Buffer.alloc(0)
  private ended = false
  private problem = ''

  private constructor(init: RawClientInit) {
    const [, host = '', port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(init.api) ?? []
    this.init = init
    this.name = init.name
    this.socket = connect({ host, port: Number(port), noDelay: true })
    this.socket.on('data', (chunk) => this.onData(chunk))
    this.socket.on('error', (err) => (this.problem = err.message))
    this.socket.on('close', () => (this.ended = true))
  }

  static async connect(init: RawClientInit): Promise<RawClient> {
    const client = new RawClient(init)
    const connected = (): boolean => client.ended || client.socket.readyState === 'open'
    await until(`${init.name} to connect`, connected, { within: CONNECT_TIMEOUT, signal: init.signal })

    if (client.ended) {
      throw new Error(`${init.name} cannot connect to ${init.api}: ${client.problem}`)
    }

    client.address = `${client.socket.localAddress}:${client.socket.localPort}`
    return client
  }

  /** Whether the other side closed the connection */
  get isClosed(): boolean {
    return this.ended
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  /** @throws {Error} when there is no notification of this text, or more than one */
  validate(text: string, valid: boolean): void {
    const [notification, ...others] = this.heard(text)

    if (notification === undefined || others.length > 0) {
      throw new Error(`${this.name} has ${others.length + (notification ? 1 : 0)} notifications of ${text}`)
    }

    this.send(validation(notification.id, valid))
  }

  heard(text: string): Notification[] {
    return this.notifications.filter((each) => each.text === text)
  }

  close(): void {
    this.socket.destroy()
  }

  private onData(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])

    while (this.received.length >= 2 && this.received.length >= this.received.readUInt16BE(0)) {
      const size = Math.max(this.received.readUInt16BE(0), 2)
      this.onFrame(this.received.subarray(0, size))
      this.received = this.received.subarray(size)
    }
  }

  /** GOSSIP NOTIFICATION: size, type 502, message id, data type 1337, data. Nothing else may come */
  private onFrame(frame: Buffer): void {
    if (frame.length < 8 || frame.readUInt16BE(2) !== 502 || frame.readUInt16BE(6) !== 1337) {
      this.notifications.push({ id: -1, text: `no NOTIFICATION: ${frame.toString('hex')}`, at: performance.now() })
      return
    }

    const notification = { id: frame.readUInt16BE(4), text: frame.toString('utf8', 8), at: performance.now() }
    this.notifications.push(notification)

    if (this.init.agreeing) {
      this.send(validation(notification.id, true))
    }
  }
}
