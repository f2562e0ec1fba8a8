/**
 * A client of a node's DHT API.
 *
 * @see docs/specs/dht.md#api
 */
import { connect } from 'node:net'
import { until } from '../three-nodes/until.ts'
import type { Socket } from 'node:net'

const Type = { PUT: 650, GET: 651, SUCCESS: 652, FAILURE: 653 } as const
/** In ms; a walk ends after ten seconds */
const TIMEOUT = 60_000
const KEY_BYTES = 32
const HEADER_BYTES = 4

export class DhtClient {
  private readonly socket: Socket
  private readonly signal: AbortSignal
  /** Of a frame that is not complete. BOUNDED by one frame, 65,535 bytes, and one chunk */
  private received: Buffer = Buffer.alloc(0)
  /** In the order of the questions. BOUNDED by what a cell asks */
  private readonly answers: Buffer[] = []
  private ended = false

  /** @param api - `host:port` */
  constructor(api: string, signal: AbortSignal) {
    const [, host = '', port] = /^\[?([^\]]*)\]?:(\d+)$/.exec(api) ?? []
    this.signal = signal
    this.socket = connect({ host, port: Number(port), noDelay: true })
    this.socket.on('data', (chunk) => this.onData(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => (this.ended = true))
  }

  /** @param ttl - in s */
  put(key: Uint8Array, value: Uint8Array, ttl: number, replication: number): void {
    this.send(Type.PUT, Uint8Array.of(ttl >> 8, ttl & 0xff, replication, 0), key, value)
  }

  /** One at a time. @returns undefined after FAILURE */
  async get(key: Uint8Array): Promise<Buffer | undefined> {
    this.send(Type.GET, key)
    await until('an answer of the DHT', () => this.ended || this.answers.length > 0, {
      within: TIMEOUT,
      signal: this.signal
    })
    const answer = this.answers.shift()

    if (answer === undefined) {
      throw new Error('the node closed the connection of a client of the DHT')
    }

    return answer.readUInt16BE(2) === Type.SUCCESS ? answer.subarray(HEADER_BYTES + KEY_BYTES) : undefined
  }

  close(): void {
    this.socket.destroy()
  }

  private send(type: number, ...body: readonly Uint8Array[]): void {
    const head = Buffer.alloc(HEADER_BYTES)
    head.writeUInt16BE(HEADER_BYTES + body.reduce((sum, { byteLength }) => sum + byteLength, 0))
    head.writeUInt16BE(type, 2)
    this.socket.write(Buffer.concat([head, ...body]))
  }

  private onData(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk])

    while (this.received.length >= 2 && this.received.length >= this.received.readUInt16BE(0)) {
      const size = Math.max(this.received.readUInt16BE(0), HEADER_BYTES)
      this.answers.push(this.received.subarray(0, size))
      this.received = this.received.subarray(size)
    }
  }
}
