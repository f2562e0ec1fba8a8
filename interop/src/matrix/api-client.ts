/**
 * A client of a node's gossip API, which calls everything valid and remembers what it heard.
 *
 * @see docs/specs/gossip.md#api
 */
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { until } from '../three-nodes/until.ts'
import type { Socket } from 'node:net'

const Type = { ANNOUNCE: 500, NOTIFY: 501, NOTIFICATION: 502, VALIDATION: 503 } as const
/** In ms, on loopback */
const TIMEOUT = 20_000

export interface Heard {
  dataType: number
  bytes: number
  /** Of the data, hexadecimal */
  sha256: string
}

export class ApiClient {
  /** In the order of arrival. BOUNDED by what a cell announces */
  readonly heard: Heard[] = []
  private readonly socket: Socket
  private readonly signal: AbortSignal
  /** Of a frame that is not complete. BOUNDED by one frame, 65,535 bytes, and one chunk */
  private received: Buffer = Buffer.alloc(0)
  private ended = false

  /** @param api - `host:port` */
  constructor(api: string, dataTypes: readonly number[], signal: AbortSignal) {
    const [, host = '', port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(api) ?? []
    this.signal = signal
    this.socket = connect({ host, port: Number(port), noDelay: true })
    this.socket.on('data', (chunk) => this.onData(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => (this.ended = true))
    dataTypes.forEach((dataType) => this.send(Type.NOTIFY, u16(0), u16(dataType)))
  }

  announce(dataType: number, data: Uint8Array, ttl = 0): void {
    this.send(Type.ANNOUNCE, Uint8Array.of(ttl, 0), u16(dataType), data)
  }

  /** How often it heard this */
  times(dataType: number, data: Uint8Array): number {
    const { sha256 } = heardOf(dataType, data)
    return this.heard.filter((each) => each.dataType === dataType && each.sha256 === sha256).length
  }

  async hears(what: string, dataType: number, data: Uint8Array, within: number = TIMEOUT): Promise<void> {
    const done = (): boolean => this.ended || this.times(dataType, data) > 0
    await until(`${what} to be heard`, done, { within, signal: this.signal })

    if (this.ended) {
      throw new Error(`the node closed the connection of a client that waited for ${what}`)
    }
  }

  close(): void {
    this.socket.destroy()
  }

  private send(type: number, ...body: readonly Uint8Array[]): void {
    const size = 4 + body.reduce((sum, { byteLength }) => sum + byteLength, 0)
    this.socket.write(Buffer.concat([u16(size), u16(type), ...body]))
  }

  private onData(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])

    while (this.received.length >= 2 && this.received.length >= this.received.readUInt16BE(0)) {
      const size = Math.max(this.received.readUInt16BE(0), 2)
      this.onFrame(this.received.subarray(0, size))
      this.received = this.received.subarray(size)
    }
  }

  private onFrame(frame: Buffer): void {
    if (frame.length < 8 || frame.readUInt16BE(2) !== Type.NOTIFICATION) {
      this.heard.push({ dataType: -1, bytes: frame.length, sha256: `no NOTIFICATION: ${frame.toString('hex')}` })
      return
    }

    this.heard.push(heardOf(frame.readUInt16BE(6), frame.subarray(8)))
    this.send(Type.VALIDATION, frame.subarray(4, 6), u16(1))
  }
}

export function heardOf(dataType: number, data: Uint8Array): Heard {
  return { dataType, bytes: data.byteLength, sha256: createHash('sha256').update(data).digest('hex') }
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}
