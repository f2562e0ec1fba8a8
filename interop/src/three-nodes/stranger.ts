import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { until } from './until.ts'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'

const PROTOCOL = '/hearsay/gossip/1.0.0'

const CHALLENGE_TYPE = 508
const CHALLENGE_BYTES = 12

/** PEER ANNOUNCE: size, type 504, id, ttl 0, reserved, data type 1337, the text */
export function peerAnnounce(text: string): Buffer {
  const data = Buffer.from(text)
  const size = 16 + data.length
  const id = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
  return Buffer.concat([Buffer.from([size >> 8, size & 0xff, 0x01, 0xf8, ...id, 0x00, 0x00, 0x05, 0x39]), data])
}

/** In ms, on loopback */
const TIMEOUT = 10_000

/** A libp2p host that is no node of ours, and speaks to one as it likes. */
export class Stranger {
  private readonly host: Libp2p
  private readonly signal: AbortSignal

  private constructor(host: Libp2p, signal: AbortSignal) {
    this.host = host
    this.signal = signal
  }

  /** With an identity of its own */
  static async create(signal: AbortSignal): Promise<Stranger> {
    const host = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false }
    })
    return new Stranger(host, signal)
  }

  /** Opens a gossip stream on a connection of its own */
  async visit(address: string, protocol: string = PROTOCOL): Promise<Visit> {
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(TIMEOUT)])
    const connection = await this.host.dial(multiaddr(address), { signal })
    return new Visit(connection, await connection.newStream(protocol, { signal }), this.signal)
  }

  async stop(): Promise<void> {
    await this.host.stop()
  }
}

/** One stream to a node, and what came back. */
export class Visit {
  private readonly connection: Connection
  private readonly stream: Stream
  private readonly signal: AbortSignal
  private buffer: Buffer = Buffer.alloc(0)
  private ended = false

  constructor(connection: Connection, stream: Stream, signal: AbortSignal) {
    this.connection = connection
    this.stream = stream
    this.signal = signal
    stream.addEventListener('message', ({ data }) => {
      this.buffer = Buffer.concat([this.buffer, data.subarray()])
    })
    stream.addEventListener('end', () => (this.ended = true))
    stream.addEventListener('close', () => (this.ended = true))
  }

  /** All bytes so far */
  get bytes(): Buffer {
    return this.buffer
  }

  get isCutOff(): boolean {
    return this.ended
  }

  /** PEER CHALLENGE: size 12, type 508 or what another dialect has; the challenge follows */
  async challenged(type: number = CHALLENGE_TYPE): Promise<void> {
    await this.received(CHALLENGE_BYTES)
    const [size, sent] = [this.buffer.readUInt16BE(0), this.buffer.readUInt16BE(2)]

    if (this.buffer.length !== CHALLENGE_BYTES || size !== CHALLENGE_BYTES || sent !== type) {
      throw new Error(`the node should send a challenge first, and sent ${this.buffer.toString('hex')}`)
    }
  }

  /** Waits for so many bytes in all */
  async received(count: number): Promise<void> {
    await this.until(`${count} bytes`, () => this.buffer.length >= count || this.ended)

    if (this.buffer.length < count) {
      throw new Error(`the stream ended after ${this.buffer.length} of ${count} bytes`)
    }
  }

  send(bytes: Buffer): void {
    this.stream.send(bytes)
  }

  /** Closed by the other side */
  async cutOff(): Promise<void> {
    await this.until('the node to close the stream of a peer', () => this.ended)
  }

  async leave(): Promise<void> {
    await this.connection.close({ signal: AbortSignal.timeout(TIMEOUT) })
  }

  private async until(what: string, done: () => boolean): Promise<void> {
    await until(what, done, { within: TIMEOUT, signal: this.signal })
  }
}
