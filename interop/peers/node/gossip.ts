/**
 * A gossip peer on js-libp2p's streams that calls everything valid, passes it on, and says it again under the next data
 * type. Written from docs/specs/gossip.md, and from none of our packages.
 */
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { hasFault } from './fault.ts'
import { dialects, encode, decode, Refused, Splitter } from './frames.ts'
import { proves, solve } from './proof.ts'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Settings } from './settings.ts'
import type { Dialect, Draft, Message } from './frames.ts'

const REDIAL_AFTER = 1_000
const ASK_EVERY = 2_000
const MAX_OFFERED = 64
/** Announces remembered, the oldest leave */
const MAX_SEEN = 10_000
const SHORT_BYTES = 32_767

const DIALECTS: Readonly<Record<string, 'g1_final' | 'g2_document'>> = {
  '/hearsay/gossip/1.0.0': 'g1_final',
  '/hearsay/gossip-p2p/1.0.0': 'g2_document'
}

/** One stream to one peer */
interface Link {
  stream: Stream
  remote: string
  direction: 'inbound' | 'outbound'
  verified: boolean
  informed: boolean
  challenge?: bigint
}

interface Report {
  peerId: string
  verified: { peer: string; direction: string }[]
  heard: { id: string; ttl: number; dataType: number; bytes: number; sha256: string }[]
  infos: { peer: string; port: number }[]
  offers: string[]
  refused: string[]
  /** How often it was told what it had heard */
  copies: number
}

export class GossipPeer {
  readonly report: Report
  private readonly settings: Settings
  private readonly host: Libp2p
  private readonly dialect: Dialect
  private readonly isG2: boolean
  /** By peer id. BOUNDED by the peers there are */
  private readonly links = new Map<string, Link>()
  /** BOUNDED by MAX_SEEN */
  private readonly seen = new Set<string>()

  private constructor(settings: Settings, host: Libp2p) {
    const name = DIALECTS[settings.protocol]

    if (name === undefined) {
      throw new Error(`this peer does not speak ${settings.protocol}`)
    }

    this.settings = settings
    this.host = host
    this.dialect = dialects[name]
    this.isG2 = name === 'g2_document'
    const peerId = host.peerId.toString()
    this.report = { peerId, verified: [], heard: [], infos: [], offers: [], refused: [], copies: 0 }
  }

  static async start(settings: Settings): Promise<GossipPeer> {
    const host = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', settings.seed),
      addresses: { listen: settings.listen === '' ? [] : [settings.listen] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionManager: { inboundConnectionThreshold: Infinity },
      connectionMonitor: { enabled: false },
      services: { identify: identify() }
    })
    const peer = new GossipPeer(settings, host)
    await host.handle(settings.protocol, (stream, connection) => peer.attend(stream, connection, 'inbound'))
    settings.dial.forEach((address) => void peer.keep(address))

    if (!peer.isG2) {
      void peer.ask()
    }

    return peer
  }

  /** Stays linked to a known peer */
  private async keep(address: string): Promise<never> {
    const remote = address.split('/p2p/')[1]!

    for (;;) {
      if (!this.links.has(remote)) {
        try {
          const connection = await this.host.dial(multiaddr(address))
          this.attend(await connection.newStream(this.settings.protocol), connection, 'outbound')
        } catch (err) {
          console.error(`dialling ${address}: ${(err as Error).message}`)
        }
      }

      await delay(REDIAL_AFTER)
    }
  }

  /** A stream's life, in its events */
  private attend(stream: Stream, connection: Connection, direction: Link['direction']): void {
    const link: Link = { stream, remote: connection.remotePeer.toString(), direction, verified: false, informed: false }
    const splitter = new Splitter()
    this.links.set(link.remote, link)
    stream.addEventListener('message', ({ data }) => {
      try {
        splitter.push(data.subarray(), (frame) => this.take(link, decode(this.dialect, frame)))
      } catch (err) {
        this.cutOff(link, err as Error)
      }
    })
    stream.addEventListener('close', () => {
      if (this.links.get(link.remote) === link) {
        this.links.delete(link.remote)
      }
    })
    this.open(link)
  }

  private open(link: Link): void {
    if (link.direction === 'inbound') {
      link.challenge = hasFault('same-challenge') ? 42n : randomNumber(64)
      this.send(link, 'challenge', { numbers: { challenge: link.challenge } })
    } else if (!this.isG2 && this.settings.listen !== '') {
      this.send(link, 'info', { numbers: { port: BigInt(this.settings.listen.split('/').at(-1)!) } })
    }
  }

  private send({ stream, remote }: Link, name: string, draft: Draft = {}): void {
    try {
      stream.send(encode(this.dialect, name, draft))
    } catch (err) {
      console.error(`${remote} has left: ${(err as Error).message}`)
    }
  }

  private cutOff({ stream, remote }: Link, err: Error): void {
    console.error(`${remote} is cut off: ${err.message}`)
    this.report.refused.push(err.message)

    if (err instanceof WrongProof) {
      stream.close().catch(() => {})
    } else {
      stream.abort(err)
    }
  }

  private take(link: Link, message: Message): void {
    const { name } = message

    if (link.verified) {
      this.takeVerified(link, message)
    } else if (link.direction === 'inbound' && name === 'info' && !link.informed) {
      link.informed = true
      this.learn(link, message)
    } else if (link.direction === 'inbound' && name === 'proof') {
      this.judge(link, message.numbers['nonce']!)
    } else if (link.direction === 'outbound' && name === 'challenge' && link.challenge === undefined) {
      link.challenge = message.numbers['challenge']!
      void this.prove(link, link.challenge)
    } else if (link.direction === 'outbound' && name === 'verdict' && (this.isG2 || message.valid)) {
      this.admit(link)
    } else {
      throw new Refused(`${name} before the proof`)
    }
  }

  private async prove(link: Link, challenge: bigint): Promise<void> {
    if (hasFault('impatient')) {
      this.send(link, 'announce', { numbers: { id: 1n, ttl: 0n, dataType: 1n } })
    }

    this.send(link, 'proof', { numbers: { nonce: await solve(challenge, this.settings.bits) } })
  }

  private judge(link: Link, nonce: bigint): void {
    const right = hasFault('takes-any-proof') || proves(link.challenge!, nonce, this.settings.bits)

    if (right || !this.isG2) {
      this.send(link, 'verdict', { valid: right })
    }

    if (!right) {
      throw new WrongProof('a wrong proof')
    }

    this.admit(link)
  }

  private admit(link: Link): void {
    link.verified = true
    this.report.verified.push({ peer: link.remote, direction: link.direction })
    console.error(`verified ${link.remote}`)
  }

  private learn({ remote }: Link, { numbers }: Message): void {
    this.report.infos.push({ peer: remote, port: Number(numbers['port']) })
  }

  private takeVerified(link: Link, message: Message): void {
    switch (message.name) {
      case 'announce':
        return this.hear(link, message)
      case 'discovery':
        return void this.offer(link)
      case 'offer':
        return this.takeOffer(message.addresses)
      case 'info':
        return this.learn(link, message)
      default:
        throw new Refused(`${message.name} after the proof`)
    }
  }

  private hear(from: Link, { numbers, data }: Message): void {
    const [id, ttl, dataType] = [numbers['id']!, numbers['ttl']!, Number(numbers['dataType'])]
    const tooLarge = hasFault('cuts-large') && data.length > SHORT_BYTES

    if (dataType !== this.settings.dataType || tooLarge) {
      return
    } else if (!this.isNew(id, dataType, data)) {
      this.report.copies++
      return
    }

    this.report.heard.push({
      id: id.toString(16),
      ttl: Number(ttl),
      dataType,
      bytes: data.length,
      sha256: sha256(data)
    })
    console.error(`heard ${id.toString(16)}`)

    if (ttl !== 1n) {
      const onward = hasFault('id-of-16-bits') ? id & 0xffffn : id
      this.spread({ numbers: { id: onward, ttl: lessened(ttl), dataType: BigInt(dataType) }, data }, from)
    }

    this.announce(dataType + 1, data)
  }

  private isNew(id: bigint, dataType: number, data: Uint8Array): boolean {
    const key = `${id} ${dataType} ${sha256(data)}`
    const known = this.seen.has(key) && !hasFault('no-memory')
    this.seen.add(key)

    if (this.seen.size > MAX_SEEN) {
      this.seen.delete(this.seen.values().next().value!)
    }

    return !known
  }

  private announce(dataType: number, data: Uint8Array): void {
    const id = randomNumber(this.isG2 ? 16 : 64)
    this.isNew(id, dataType, data)
    this.spread({ numbers: { id, ttl: 0n, dataType: BigInt(dataType) }, data })
  }

  private spread(draft: Draft, except?: Link): void {
    this.verified(except).forEach((link) => this.send(link, 'announce', draft))
  }

  private verified(except?: Link): Link[] {
    return [...this.links.values()].filter((link) => link.verified && link !== except)
  }

  /** Where identify says that others listen */
  private async offer(asker: Link): Promise<void> {
    const known = await this.host.peerStore.all()
    const addresses = this.verified(asker).flatMap(({ remote }) => {
      const peer = known.find(({ id }) => id.toString() === remote)
      const address = peer?.addresses.find((each) => each.multiaddr.toString().startsWith('/ip4/127.0.0.1/tcp/'))
      return address === undefined ? [] : [`${address.multiaddr.toString().split('/p2p/')[0]}/p2p/${remote}`]
    })

    if (addresses.length > 0) {
      this.send(asker, 'offer', { addresses: addresses.slice(0, MAX_OFFERED) })
    }
  }

  private takeOffer(addresses: readonly string[]): void {
    this.report.offers.push(...addresses)
    // so that those who watch our clients see it
    addresses.forEach((address) => this.announce(this.settings.dataType + 2, Buffer.from(address)))
  }

  /** Asks everybody for others, until somebody offers some */
  private async ask(): Promise<void> {
    while (this.report.offers.length === 0) {
      await delay(ASK_EVERY)
      this.verified().forEach((link) => this.send(link, 'discovery'))
    }
  }
}

class WrongProof extends Refused {}

function lessened(ttl: bigint): bigint {
  if (ttl === 0n || hasFault('ttl-kept')) {
    return ttl
  }

  return hasFault('ttl-two-less') ? (ttl > 2n ? ttl - 2n : 1n) : ttl - 1n
}

function randomNumber(bits: 16 | 64): bigint {
  return BigInt(`0x${randomBytes(bits / 8).toString('hex')}`)
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
