/**
 * The sessions of one host, shared by all its users: one stream a peer, whatever the number of services. Each user's
 * engine sees them as its own, and the other users of the host as one more peer: the host itself.
 *
 * @see docs/specs/cup2py.md#sessions-and-limits
 */
import { peerKey, Sessions, systemRandom } from '@hearsay/protocol-core'
import { BoundedMap, sample, varintPrefix } from '@hearsay/protocol-core/pure'
import { encodeSample, finish } from './book-exchange.ts'
import { decode, encode } from './codec.ts'
import * as constants from './constants.ts'
import { decodeLibrary } from './library.ts'
import type { RunnerSessions, SessionInput, SessionsComponents, SessionsInit } from '@hearsay/protocol-core'
import type { Effect, PeerKey } from '@hearsay/protocol-core/pure'
import type { Connection, Logger, Stream } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import type { Message } from './codec.ts'
import type { Cup2pyOptions } from './options.ts'
import type { UserRecord } from './record.ts'

type Connected = Extract<SessionInput<Message>, { type: 'connected' }>
type Dial = Extract<Effect<never, never, never>, { type: 'dial' }>

/** Of each host, while one of its services is started */
const hosts = new WeakMap<Registrar, Host>()

/** What is common to the users of a host */
class Host {
  readonly self: PeerKey
  readonly sessions: Sessions<Message>
  /** BOUNDED by the services of the host */
  readonly members = new Set<UserSessions>()
  /** BOUNDED by the sessions */
  readonly connected = new Map<PeerKey, Connected>()
  private readonly components: SessionsComponents
  private readonly log: Logger
  /** When each peer was last given a sample of our books, in ms */
  private readonly sampledAt = new BoundedMap<PeerKey, number>(constants.MAX_SAMPLED)
  /** Samples on their way: for one more, the oldest is given up */
  private readonly sampling = new BoundedMap<Stream, true>(constants.MAX_SAMPLING)
  private starting: Promise<void> | undefined
  private readonly shutdown = new AbortController()

  constructor(components: SessionsComponents, init: SessionsInit<Message>, log: Logger) {
    this.components = components
    this.log = log
    this.self = peerKey(components.peerId)
    this.sessions = new Sessions(components, init, log)
  }

  async join(member: UserSessions): Promise<void> {
    this.members.add(member)
    this.connected.forEach((input) => member.report(input))
    this.introduce()
    await (this.starting ??= this.start())
  }

  async leave(member: UserSessions): Promise<void> {
    this.members.delete(member)

    if (this.members.size === 0) {
      hosts.delete(this.components.registrar)
      this.shutdown.abort()
      await this.components.registrar.unhandle(constants.BOOK_PROTOCOL)
      await this.sessions.stop()
    }
  }

  private async start(): Promise<void> {
    await this.sessions.start((input) => this.onInput(input))
    await this.components.registrar.handle(
      constants.BOOK_PROTOCOL,
      (stream, connection) => this.onSample(stream, connection),
      {
        maxInboundStreams: 1,
        maxOutboundStreams: 1
      }
    )
  }

  /** Somebody wants to know some users: ours, and some of each of our books */
  private async onSample(stream: Stream, { remotePeer }: Connection): Promise<void> {
    const peer = peerKey(remotePeer)
    const now = performance.now()

    if (now < (this.sampledAt.get(peer) ?? -Infinity) + constants.SAMPLE_INTERVAL) {
      stream.abort(new Error('asked for a sample too often'))
      return
    }

    this.sampledAt.set(peer, now)
    const [oldest] = this.sampling.set(stream, true) ?? []
    oldest?.abort(new Error('too slow: others want a sample too'))

    try {
      await this.sendSample(stream)
      await finish(stream, this.shutdown.signal)
    } catch (err) {
      this.log.error('no sample for %s - %e', peer, err)
      stream.abort(err as Error)
    }

    this.sampling.delete(stream)
  }

  private async sendSample(stream: Stream): Promise<void> {
    const samples = await Promise.all([...this.members].map(async (member) => member.sample()))
    const [own, others] = [samples.flatMap((each) => each.slice(0, 1)), samples.flatMap((each) => each.slice(1))]
    stream.send(encodeSample([...own, ...sample(others, constants.MAX_SAMPLE, systemRandom)]))
  }

  /** Where a member's dial ends: with it alone */
  onDialled(member: UserSessions, input: Extract<SessionInput<Message>, { type: 'dialled' }>): void {
    const connected = input.peer === undefined ? undefined : this.connected.get(input.peer)

    if (connected !== undefined) {
      member.open(connected)
    }

    member.report(input)
  }

  deliver(input: Extract<SessionInput<Message>, { type: 'message' }>, except?: UserSessions): void {
    const connected = this.connected.get(input.peer)

    for (const member of this.members) {
      if (member !== except) {
        // one that found the peer silent and let it go has it back
        if (connected !== undefined) {
          member.open(connected)
        }

        member.report(input)
      }
    }
  }

  /** Several users of a host are peers of each other */
  private introduce(): void {
    if (this.members.size > 1) {
      const direction = 'outbound'
      this.members.forEach((member) =>
        member.open({ type: 'connected', peer: this.self, direction, protocol: '', group: '' })
      )
    }
  }

  private onInput(input: SessionInput<Message>): void {
    switch (input.type) {
      case 'connected':
        this.connected.set(input.peer, input)
        return this.members.forEach((member) => member.open(input))
      case 'disconnected':
        this.connected.delete(input.peer)
        return this.members.forEach((member) => member.closed(input.peer))
      case 'message':
        return this.deliver(input)
      case 'dialled':
        return UserSessions.ofDial(this.members, input)
      default:
        return this.members.forEach((member) => member.report(input))
    }
  }
}

let created = 0

/** The sessions of one user. */
export class UserSessions implements RunnerSessions<Message> {
  private readonly components: SessionsComponents
  private readonly init: SessionsInit<Message>
  private readonly log: Logger
  /** Our own record, and then some of the book */
  readonly sample: () => Promise<UserRecord[]>
  private readonly id = `${created++} `
  private host: Host | undefined
  private take: (input: SessionInput<Message>) => void = () => {}
  /** Peers this user has not closed. BOUNDED by the sessions of the host */
  private readonly opened = new Set<PeerKey>()

  constructor(
    components: SessionsComponents,
    init: SessionsInit<Message>,
    log: Logger,
    sampleBook: () => Promise<UserRecord[]>
  ) {
    this.components = components
    this.init = init
    this.log = log
    this.sample = sampleBook
  }

  /** The dial of one member, by the prefix of its name */
  static ofDial(members: ReadonlySet<UserSessions>, input: Extract<SessionInput<Message>, { type: 'dialled' }>): void {
    for (const member of members) {
      if (input.dial.startsWith(member.id)) {
        member.host?.onDialled(member, { ...input, dial: input.dial.slice(member.id.length) })
      }
    }
  }

  async start(report: (input: SessionInput<Message>) => void): Promise<void> {
    const { registrar } = this.components
    this.take = report
    this.host = hosts.get(registrar) ?? new Host(this.components, this.init, this.log)
    hosts.set(registrar, this.host)
    await this.host.join(this)
  }

  async stop(): Promise<void> {
    const { host } = this
    this.host = undefined
    this.take = () => {}
    this.opened.clear()
    await host?.leave(this)
  }

  send(peer: PeerKey, message: Message, urgent = false): void {
    const { host } = this

    if (peer === host?.self) {
      queueMicrotask(() => host.deliver({ type: 'message', peer, message }, this))
    } else {
      host?.sessions.send(peer, message, urgent)
    }
  }

  async dial({ dial, peer, addresses }: Dial): Promise<void> {
    await this.host?.sessions.dial({
      type: 'dial',
      dial: this.id + dial,
      addresses,
      ...(peer === undefined ? {} : { peer })
    })
  }

  /** For this user; the stream goes with the last that wants it */
  close(peer: PeerKey): void {
    const { host } = this

    if (host !== undefined && this.opened.has(peer)) {
      this.closed(peer)

      if ([...host.members].every((member) => !member.opened.has(peer))) {
        host.sessions.close(peer)
      }
    }
  }

  asked(peer: PeerKey): () => void {
    return this.host?.sessions.asked(peer) ?? (() => {})
  }

  report(input: SessionInput<Message>): void {
    this.take(input)
  }

  open(input: Connected): void {
    if (!this.opened.has(input.peer)) {
      this.opened.add(input.peer)
      this.take(input)
    }
  }

  closed(peer: PeerKey): void {
    if (this.opened.delete(peer)) {
      this.take({ type: 'disconnected', peer })
    }
  }
}

/** @returns what a user's options mean for the streams of its host */
export function sessionsInit(config: Cup2pyOptions): SessionsInit<Message> {
  const { compat, maxPeers, dialTimeout, maxQueuedBytes, maxOpenAsks, minModulusBits, maxModulusBits } = config
  const limits = { minBits: minModulusBits, maxBits: maxModulusBits, anyExponent: true }
  return {
    wires: [
      {
        protocol: constants.PROTOCOL,
        codec: { encode, decode: compat === 'library' ? decodeLibrary(limits) : decode },
        prefix: varintPrefix,
        maxFrameBytes: constants.MAX_FRAME_BYTES
      }
    ],
    // the engine lets the longest silent go for a newcomer, which takes a moment
    maxPeers: 2 * maxPeers,
    maxDials: constants.MAX_DIALS,
    dialTimeout,
    maxQueuedBytes,
    maxOpenAsks,
    closeTimeout: constants.CLOSE_TIMEOUT
  }
}
