import { peerKey, Runner, Sessions, systemRandom } from '@hearsay/protocol-core'
import { checkRange, fixedPrefix, InvalidParametersError } from '@hearsay/protocol-core/pure'
import { NotStartedError, serviceCapabilities, serviceDependencies, TypedEventEmitter } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { Queue } from '@libp2p/utils'
import { dialableAddress, listeningPort } from './addresses.ts'
import * as constants from './constants.ts'
import { AnnounceMemory, dialectsOf, GossipEngine, noCounts } from './engine.ts'
import { GossipMetrics } from './metrics.ts'
import { solve, solvePacket } from './pow/solve.ts'
import { sha256 } from '#sha256'
import type { DropReason, SessionsInit, Wire } from '@hearsay/protocol-core'
import type { AbortOptions, Logger, Startable } from '@libp2p/interface'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from './codec.ts'
import type { Answer, Ask, CloseReason, Command, Event } from './contract.ts'
import type {
  AnnounceOptions,
  AnnounceResult,
  Gossip,
  GossipComponents,
  GossipEvents,
  GossipPeer,
  GossipValidator,
  PartyOptions
} from './index.ts'
import type { Gauges } from './metrics.ts'
import type { SolveOptions } from './pow/solve.ts'

type Config = typeof constants.gossipDefaults

const PREFIX = fixedPrefix(2, { inclusive: true })

/** The second comes a second after the first, when the first dials are over */
const ADDRESS_EVENTS = ['transport:listening', 'self:peer:update'] as const

interface Subscription {
  party: string
  dataType: number
  validator: GossipValidator
}

export class GossipService extends TypedEventEmitter<GossipEvents> implements Gossip, Startable {
  readonly [Symbol.toStringTag] = '@hearsay/protocol-gossip'
  readonly [serviceCapabilities]: string[] = ['@hearsay/protocol-gossip']
  readonly [serviceDependencies]: string[] = ['@libp2p/identify']

  private readonly components: GossipComponents
  private readonly config: Config
  private readonly log: Logger
  private readonly sessions: Sessions<Message>
  private readonly runner: Runner<Message, Command, Answer, Event, Ask>
  /** Both last longer than an engine, which is made anew on each start */
  private readonly memory: AnnounceMemory
  private readonly counts = noCounts()
  private readonly metrics: GossipMetrics | undefined
  /** Proofs being searched for, for those we dialled and those that asked us for peers. BOUNDED by the sessions */
  private readonly solving: Queue<bigint>
  /** BOUNDED by MAX_SUBSCRIPTIONS */
  private readonly subscriptions = new Map<number, Subscription>()
  private subscribed = 0
  /** BOUNDED by maxConnections */
  private readonly verified = new Map<PeerKey, GossipPeer>()
  private isReady = false
  /** What became of announces, a stack. BOUNDED by the calls that validators make within calls */
  private readonly announced: AnnounceResult[] = []

  constructor(components: GossipComponents, config: Config) {
    super()
    this.components = components
    this.config = config
    this.log = components.logger.forComponent('hearsay:gossip')
    this.memory = new AnnounceMemory(config.cacheSize, systemRandom)
    this.solving = new Queue({ concurrency: this.config.solverConcurrency })
    this.metrics = components.metrics && new GossipMetrics(components.metrics, this.counts, this.gauges())
    const dropped = (reason: DropReason): void => this.metrics?.dropped(reason)
    this.sessions = new Sessions(components, { ...sessionsInit(this.config), dropped }, this.log)
    this.runner = new Runner({
      createEngine: () => this.createEngine(),
      sessions: this.sessions,
      emit: (event) => this.onEvent(event),
      answer: (ask, options) => this.answer(ask, options),
      closed: (reason, peer) => this.onClosed(peer, reason as CloseReason),
      log: this.log
    })
  }

  get peers(): readonly GossipPeer[] {
    return [...this.verified.values()]
  }

  get ready(): boolean {
    return this.isReady
  }

  async start(): Promise<void> {
    await this.runner.start()
    ADDRESS_EVENTS.forEach((type) => this.components.events.addEventListener(type, this.onAddresses))
  }

  /** By now the transports listen, and connections can be made */
  afterStart(): void {
    this.runner.command({ type: 'start' })
  }

  async stop(): Promise<void> {
    ADDRESS_EVENTS.forEach((type) => this.components.events.removeEventListener(type, this.onAddresses))
    await this.runner.stop()
    this.verified.clear()
    this.isReady = false
  }

  subscribe(dataType: number, validator: GossipValidator, { party = 'app' }: PartyOptions = {}): () => void {
    checkRange('dataType', dataType, [0, 65_535])
    checkIs('validator', typeof validator === 'function', 'a function')
    checkRange('subscriptions', this.subscriptions.size + 1, [0, constants.MAX_SUBSCRIPTIONS])
    const subscriber = this.subscribed++
    this.subscriptions.set(subscriber, { party, dataType, validator })
    this.runner.command({ type: 'subscribe', subscriber, party, dataType })

    return () => {
      this.subscriptions.delete(subscriber)
      this.runner.command({ type: 'unsubscribe', subscriber })
    }
  }

  announce(dataType: number, data: Uint8Array, { ttl = 0, party = 'app' }: AnnounceOptions = {}): AnnounceResult {
    checkRange('dataType', dataType, [0, 65_535])
    checkRange('ttl', ttl, [0, 255])
    checkIs('data', data instanceof Uint8Array, 'a Uint8Array')
    checkRange('data.byteLength', data.byteLength, [0, constants.MAX_DATA_BYTES])

    if (!this.runner.started) {
      throw new NotStartedError('gossip is not started: start the libp2p node first')
    }

    // the engine's `announced` event comes before this returns, and before any that a validator causes
    const call = this.announced.length
    this.runner.command({ type: 'announce', party, dataType, data, ttl })
    return this.announced.splice(call)[0]!
  }

  private createEngine(): GossipEngine {
    const self = peerKey(this.components.peerId)
    const { config, counts, memory } = this
    const engine = new GossipEngine({ self, config, random: systemRandom, sha256, counts, memory })

    for (const [subscriber, { party, dataType }] of this.subscriptions) {
      engine.handle({ type: 'command', command: { type: 'subscribe', subscriber, party, dataType } }, 0)
    }

    return engine
  }

  private gauges(): Gauges {
    const count = (wanted: string): number => this.peers.filter(({ direction }) => direction === wanted).length
    return {
      peers: () => ({ inbound: count('inbound'), outbound: count('outbound') }),
      remembered: () => this.memory.size,
      solving: () => this.solving.size
    }
  }

  private readonly onAddresses = (): void => {
    this.runner.command({ type: 'listening', port: listeningPort(this.components.addressManager.getAddresses()) })
  }

  private onEvent(event: Event): void {
    switch (event.type) {
      case 'message': {
        const { id, dataType, data } = event.announce
        return this.emit('message', () => ({ id, dataType, data, from: event.from }))
      }
      case 'announced':
        this.announced.push({ id: event.id, sentTo: event.sentTo, queued: event.queued })
        return
      case 'verified': {
        const { type, ...verified } = event
        this.verified.set(event.peer, verified)
        return this.emit(`peer:${type}`, () => verified)
      }
      case 'lost':
        this.verified.delete(event.peer)
        return this.emit('peer:lost', () => event.peer)
      case 'ready':
        this.isReady = event.ready
        return this.emit('ready', () => event.ready)
    }
  }

  /** The runner is in the midst of its effects: the application is told once they are done */
  private onClosed(peer: PeerKey, reason: CloseReason): void {
    this.metrics?.closed(reason)
    queueMicrotask(() => this.emit('peer:closed', () => ({ peer, reason })))
  }

  /** Builds the event only when somebody listens */
  private emit<K extends keyof GossipEvents>(type: K, detail: () => GossipEvents[K]['detail']): void {
    if (this.listenerCount(type) > 0) {
      this.dispatchEvent(new CustomEvent(type, { detail: detail() }))
    }
  }

  private answer(ask: Ask, options: Required<AbortOptions>): Answer | Promise<Answer> {
    switch (ask.type) {
      case 'solve':
        return this.solve(ask, options)
      case 'validate':
        return this.validate(ask, options)
      case 'addresses':
        return this.lookUp(ask, options)
      case 'prove':
        return this.prove(ask, options)
    }
  }

  private async solve(
    { peer, challenge }: Extract<Ask, { type: 'solve' }>,
    options: Required<AbortOptions>
  ): Promise<Answer> {
    const nonce = await this.search(async (job) => solve(challenge, job), this.config.difficultyBits, options)
    return { type: 'solved', peer, challenge, ...(nonce !== undefined && { nonce }) }
  }

  private async prove(
    { peer, offer, packet, difficultyBits }: Extract<Ask, { type: 'prove' }>,
    options: Required<AbortOptions>
  ): Promise<Answer> {
    const nonce = await this.search(async (job) => solvePacket(packet, job), difficultyBits, options)
    return { type: 'proven', peer, ...(nonce !== undefined && { offer: { ...offer, nonce } }) }
  }

  /** One of few at once. @returns undefined when there is no proof to be had, with the reason in the log */
  private async search(
    find: (options: SolveOptions) => Promise<bigint>,
    difficultyBits: number,
    options: Required<AbortOptions>
  ): Promise<bigint | undefined> {
    const { maxSolveBits } = this.config
    const startedAt = performance.now()

    try {
      const nonce = await this.solving.add(async ({ signal }) => find({ difficultyBits, maxSolveBits, signal }), {
        signal: options.signal
      })
      this.metrics?.solved(startedAt)
      return nonce
    } catch (err) {
      this.log('no proof of work - %e', err)
      return undefined
    }
  }

  /** A validator that answers at once is answered at once: no promise is made for it */
  private validate(ask: Extract<Ask, { type: 'validate' }>, options: Required<AbortOptions>): Answer | Promise<Answer> {
    const { ticket, subscriber, announce } = ask
    const startedAt = this.metrics && performance.now()
    const verdict = (valid: unknown): Answer => {
      this.metrics?.judged(startedAt!)
      // whatever else a validator in JavaScript may say is no yes
      return { type: 'verdict', ticket, subscriber, valid: valid === true }
    }
    const failed = (err: unknown): Answer => {
      // any stranger can bring it about, and what it says may quote him: no line of his own, nor a word to a terminal
      this.log('the validator of data type %d failed: %s', announce.dataType, String(err).replaceAll(/[^ -~]/g, '?'))
      return verdict(false)
    }

    try {
      const valid = this.subscriptions.get(subscriber)?.validator(announce.data, options) ?? false
      return typeof valid === 'boolean' ? verdict(valid) : Promise.resolve(valid).then(verdict, failed)
    } catch (err) {
      return failed(err)
    }
  }

  private async lookUp(
    { asker, question, peers }: Extract<Ask, { type: 'addresses' }>,
    { signal }: Required<AbortOptions>
  ): Promise<Answer> {
    const addresses = await Promise.all(
      peers.map(async (peer) => {
        const connection = this.sessions.connection(peer)
        const told = await this.components.peerStore.get(peerIdFromString(peer), { signal }).catch(() => undefined)
        const known = told?.addresses.map(({ multiaddr }) => multiaddr) ?? []
        return connection === undefined ? undefined : dialableAddress(connection, known)
      })
    )

    return { type: 'addresses', asker, question, addresses: addresses.filter((address) => address !== undefined) }
  }
}

/** @throws {InvalidParametersError} unless it is */
function checkIs(name: string, isOne: boolean, what: string): void {
  if (!isOne) {
    throw new InvalidParametersError(name, `must be ${what}`)
  }
}

function wiresOf(dialects: Config['dialects']): [Wire<Message>, ...Wire<Message>[]] {
  return dialectsOf(dialects, sha256).map((codec): Wire<Message> => ({
    protocol: codec.protocol,
    codec,
    prefix: PREFIX,
    maxFrameBytes: constants.MAX_FRAME_BYTES
  })) as [Wire<Message>, ...Wire<Message>[]]
}

function sessionsInit({
  dialects,
  maxConnections,
  maxUnverified,
  dialTimeout,
  maxQueuedBytes,
  maxOpenVerdicts
}: Config): SessionsInit<Message> {
  return {
    wires: wiresOf(dialects),
    // both views, those we dialled that are at the gate, those that dialled us, and those of a dialect without one
    maxPeers: 3 * maxConnections + maxUnverified,
    maxDials: constants.MAX_DIALS,
    dialTimeout,
    maxQueuedBytes,
    maxOpenAsks: maxOpenVerdicts,
    closeTimeout: constants.CLOSE_TIMEOUT
  }
}
