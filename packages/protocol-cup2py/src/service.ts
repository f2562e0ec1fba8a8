import { Runner, systemRandom, peerKey } from '@hearsay/protocol-core'
import { checkRange, InvalidParametersError } from '@hearsay/protocol-core/pure'
import { NotStartedError, serviceCapabilities, serviceDependencies, TypedEventEmitter } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { fetchSample } from './book-exchange.ts'
import * as constants from './constants.ts'
import { dhtValue, parseValue } from './dht.ts'
import { Cup2pyEngine } from './engine.ts'
import { InvalidRecordError, UserNotFoundError } from './errors.ts'
import { MemoryBook } from './memory-book.ts'
import { registerMetrics } from './metrics.ts'
import { NO_COST, OpenSearches } from './open-searches.ts'
import { OwnRecord } from './own-record.ts'
import { RecordKeeper } from './record-keeper.ts'
import { isNewer, isUserHash, peerOf, versionOf } from './record.ts'
import { Routing } from './routing.ts'
import { sessionsInit, UserSessions } from './shared-sessions.ts'
import { createStats } from './stats.ts'
import { RecordVerifier } from './verifier.ts'
import type { AbortOptions, Connection, Logger, Startable } from '@libp2p/interface'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Message } from './codec.ts'
import type { Answer, Ask, CloseReason, Command, Event, KnownUser } from './contract.ts'
import type {
  Cup2py,
  Cup2pyComponents,
  Cup2pyEvents,
  PublishOptions,
  PublishResult,
  SearchOptions,
  SearchResult
} from './index.ts'
import type { Cup2pyOptions } from './options.ts'
import type { UserRecord } from './record.ts'
import type { Stats } from './stats.ts'

export class Cup2pyService extends TypedEventEmitter<Cup2pyEvents> implements Cup2py, Startable {
  readonly [Symbol.toStringTag] = '@hearsay/protocol-cup2py'
  readonly [serviceCapabilities]: string[] = ['@hearsay/protocol-cup2py']
  readonly [serviceDependencies]: string[] = ['@libp2p/identify']
  readonly hash: string

  private readonly components: Cup2pyComponents
  private readonly config: Cup2pyOptions
  private readonly log: Logger
  private readonly own: OwnRecord
  private readonly keeper: RecordKeeper
  private readonly routing: Routing
  private readonly runner: Runner<Message, Command, Answer, Event, Ask>
  private engine: Cup2pyEngine | undefined
  private readonly searches = new OpenSearches((command) => this.runner.command(command))
  private published = { users: 0 }
  private republishing: ReturnType<typeof setTimeout> | undefined
  private shutdown = new AbortController()

  constructor(components: Cup2pyComponents, config: Cup2pyOptions) {
    super()
    const { key, addressBook, dht, maxClockSkew, minModulusBits, maxModulusBits } = config
    this.components = components
    this.config = config
    this.log = components.logger.forComponent('hearsay:cup2py')
    const verifier = new RecordVerifier({ minBits: minModulusBits, maxBits: maxModulusBits, anyExponent: true })
    this.keeper = new RecordKeeper({ book: addressBook ?? new MemoryBook(), verifier, maxClockSkew, log: this.log })
    this.own = new OwnRecord({
      key,
      address: () => this.address(),
      keep: async (record) => this.keeper.keep(record)
    })
    this.hash = this.own.hash
    this.routing = new Routing(dht === true ? components.contentRouting : dht, config.dhtTimeout, this.log)
    this.runner = new Runner({
      createEngine: () => this.createEngine(),
      sessions: new UserSessions(components, sessionsInit(config), this.log, async () => this.sample()),
      emit: (event) => this.onEvent(event),
      answer: (ask) => this.keeper.answer(ask),
      closed: (reason, peer) => this.onClosed(peer, reason as CloseReason),
      log: this.log
    })
    this.registerMetrics()
  }

  get stats(): Stats {
    return this.engine?.stats ?? createStats()
  }

  get users(): number {
    return this.engine?.users.size ?? 0
  }

  async start(): Promise<void> {
    if (!this.runner.started) {
      this.shutdown = new AbortController()
      const users = await this.keeper.open()
      this.own.notBefore(await this.keeper.floor(this.hash))
      await this.startRunner()
      this.load(users)
      this.components.events.addEventListener('self:peer:update', this.onAddresses)
    }
  }

  /** By now connections can be made */
  async afterStart(): Promise<void> {
    await this.renew()
    void this.bootstrapFromKnown()
    this.onAddresses()
  }

  async stop(): Promise<void> {
    this.components.events.removeEventListener('self:peer:update', this.onAddresses)
    this.shutdown.abort()
    clearTimeout(this.republishing)
    this.republishing = undefined

    if (this.runner.started) {
      await this.runner.stop()
      this.searches.endAll()
      await this.keeper.close()
    }
  }

  async publish({ depth = this.config.depth, signal }: PublishOptions = {}): Promise<PublishResult> {
    checkRange('depth', depth, [0, constants.MAX_DEPTH])
    this.checkStarted()
    const record = await this.renew()
    this.checkStarted()
    // the engine's `published` event comes before this returns
    this.runner.command({ type: 'publish', record, depth })
    const { users } = this.published
    await this.routing.tell(record, this.anySignal(signal))
    return { record, users }
  }

  async search(hash: string, options: SearchOptions = {}): Promise<SearchResult> {
    const { depth = this.config.searchDepth, quietTime = this.config.quietTime, signal } = options
    checkHash(hash)
    checkRange('depth', depth, [1, constants.MAX_DEPTH])
    checkRange('quietTime', quietTime, [10, 60_000])
    this.checkStarted()

    if (hash === this.hash) {
      return { record: await this.current(), cost: NO_COST }
    }

    const routed = await this.lookUp(hash, signal)

    if (routed !== undefined) {
      return { record: routed, cost: NO_COST }
    }

    const [held, sender] = [await this.keeper.get(hash), await this.renew()]
    this.checkStarted()
    return this.searches.run({ target: hash, sender, depth, quietTime, held }, signal)
  }

  async resolve(hash: string, options: SearchOptions = {}): Promise<Connection> {
    checkHash(hash)
    this.checkStarted()
    const held = await this.get(hash)
    const connection = held === undefined ? undefined : await this.reach(held, options)

    if (connection !== undefined) {
      return connection
    }

    const { record } = await this.search(hash, options)
    const found =
      record === undefined || record.address === held?.address ? undefined : await this.reach(record, options)

    if (found === undefined) {
      throw new UserNotFoundError(hash)
    }

    return found
  }

  async get(hash: string): Promise<UserRecord | undefined> {
    checkHash(hash)
    return hash === this.hash ? this.current() : this.keeper.get(hash)
  }

  async add(record: UserRecord | string): Promise<boolean> {
    return this.take(parse(record), Date.now())
  }

  async import(records: Iterable<UserRecord | string> | AsyncIterable<UserRecord | string>): Promise<number> {
    let taken = 0

    for await (const record of records) {
      taken += (await this.add(record)) ? 1 : 0
    }

    return taken
  }

  async *export(): AsyncIterable<string> {
    for await (const record of this.keeper.records()) {
      yield new TextDecoder().decode(dhtValue(record))
    }
  }

  async pin(hash: string, pinned = true): Promise<void> {
    checkHash(hash)
    this.checkStarted()
    await this.keeper.setPinned(hash, pinned)
    this.runner.command({ type: 'pin', hash, pinned })
  }

  async remove(hash: string): Promise<void> {
    checkHash(hash)
    this.checkStarted()
    this.runner.command({ type: 'forget', hash })
    await this.keeper.flushed()
  }

  async bootstrap(address: string | Multiaddr, options: AbortOptions = {}): Promise<number> {
    this.checkStarted()
    const target = typeof address === 'string' ? multiaddr(address) : address
    const connection = await this.components.connectionManager.openConnection(target, options)
    let taken = 0

    for (const record of await fetchSample(connection, options)) {
      taken += (await this.take(record, 0).catch((err: unknown) => this.refuse(err))) ? 1 : 0
    }

    return taken
  }

  private createEngine(): Cup2pyEngine {
    const { peerId } = this.components
    this.engine = new Cup2pyEngine({
      self: peerKey(peerId),
      user: this.hash,
      config: this.config,
      random: systemRandom
    })
    return this.engine
  }

  private async startRunner(): Promise<void> {
    try {
      await this.runner.start()
    } catch (err) {
      await this.runner.stop()
      await this.keeper.close()
      throw err
    }
  }

  private load(users: readonly KnownUser[]): void {
    this.runner.command({ type: 'load', users: users.filter(({ hash }) => hash !== this.hash) })
  }

  private checkStarted(): void {
    if (!this.runner.started) {
      throw new NotStartedError('cup2py is not started: start the libp2p node first')
    }
  }

  /** A new record of our own, with where we are now */
  private async renew(): Promise<UserRecord> {
    const record = await this.own.renew()
    this.runner.command({ type: 'own', record: this.own.record ?? record })
    return record
  }

  /** Our record, signed anew if we are elsewhere now: transports may listen a while after the start */
  private async current(): Promise<UserRecord | undefined> {
    const isOld = this.runner.started && this.own.record?.address !== this.address()
    return isOld ? this.renew() : this.own.record
  }

  /** The address others are best told: no loopback, if there is another */
  private address(): string {
    const all = this.components.addressManager.getAddresses().map(String)
    const address = all.find((text) => !/^\/ip(?:4\/127\.|6\/::1\/)/.test(text)) ?? all[0] ?? ''
    const peer = `/p2p/${this.components.peerId.toString()}`
    return address === '' || address.endsWith(peer) ? address : address + peer
  }

  private readonly onAddresses = (): void => {
    const { republish, republishDelay } = this.config

    if (this.republishing === undefined && this.runner.started) {
      this.republishing = setTimeout(
        () => {
          this.republishing = undefined
          const done = republish ? this.republish() : this.current()
          void done.catch((err: unknown) => this.log.error('no record of our new address - %e', err))
        },
        republish ? republishDelay : 0
      )
    }
  }

  private publishedAddress = ''

  private async republish(): Promise<void> {
    const address = this.address()

    if (address !== this.publishedAddress && this.runner.started) {
      this.publishedAddress = address
      await this.publish({ signal: this.shutdown.signal })
    }
  }

  /** A record from outside the network. @returns whether it was news */
  private async take(record: UserRecord, reachedAt: number): Promise<boolean> {
    this.checkStarted()
    await this.keeper.check(record)
    const before = this.stats.records
    this.runner.command({ type: 'learn', record, reachedAt })
    const isNews = this.stats.records > before
    await this.keeper.flushed()
    return isNews
  }

  private refuse(err: unknown): boolean {
    this.log('a record is refused - %e', err)
    return false
  }

  private async bootstrapFromKnown(): Promise<void> {
    const { knownPeers } = this.config

    for (const address of this.users === 0 ? knownPeers : []) {
      try {
        await this.bootstrap(address, { signal: this.shutdown.signal })
      } catch (err) {
        this.log('no sample from %s - %e', address, err)
      }
    }
  }

  /** A DHT is asked first: that costs a few messages. @returns a record newer than the one held */
  private async lookUp(hash: string, signal: AbortSignal | undefined): Promise<UserRecord | undefined> {
    const record = await this.routing.find(hash, this.anySignal(signal))
    const held = record === undefined ? undefined : await this.keeper.get(hash)
    const isNews = record !== undefined && isNewer(versionOf(record), held === undefined ? held : versionOf(held))
    return isNews && (await this.take(record, 0).catch((err: unknown) => this.refuse(err))) ? record : undefined
  }

  private anySignal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.shutdown.signal : AbortSignal.any([signal, this.shutdown.signal])
  }

  /** @returns a connection to where the record says, if somebody is there */
  private async reach(record: UserRecord, { signal }: AbortOptions): Promise<Connection | undefined> {
    if (peerOf(record.address) === undefined) {
      return undefined
    }

    const deadline = AbortSignal.timeout(this.config.dialTimeout)

    try {
      return await this.components.connectionManager.openConnection(multiaddr(record.address), {
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline])
      })
    } catch (err) {
      this.log('%s is not at %s - %e', record.hash, record.address, err)
      return undefined
    }
  }

  /** Our own record, and some of the book */
  private async sample(): Promise<UserRecord[]> {
    const hashes = this.engine?.users.draw(constants.MAX_SAMPLE) ?? []
    const records = await Promise.all(hashes.map(async (hash) => this.keeper.held(hash)))
    return [await this.current(), ...records].filter((record) => record !== undefined)
  }

  private onEvent(event: Event): void {
    switch (event.type) {
      case 'record':
        return this.emit('record', () => event.record)
      case 'answer':
        this.searches.onAnswer(event.id, event.record)
        return this.emit('search:answer', () => event.record)
      case 'ended':
        return this.searches.onEnded(event.id, event.cost)
      case 'published':
        this.published = { users: event.users }
    }
  }

  /** The runner is in the midst of its effects: the application is told once they are done */
  private onClosed(peer: PeerKey, reason: CloseReason): void {
    this.log('closed a peer: %s', reason)
    queueMicrotask(() => this.emit('peer:closed', () => ({ peer, reason })))
  }

  /** Builds the event only when somebody listens */
  private emit<K extends keyof Cup2pyEvents>(type: K, detail: () => Cup2pyEvents[K]['detail']): void {
    if (this.listenerCount(type) > 0) {
      this.dispatchEvent(new CustomEvent(type, { detail: detail() }))
    }
  }

  private registerMetrics(): void {
    const { metrics } = this.components

    if (metrics !== undefined) {
      registerMetrics(metrics, {
        stats: () => this.stats,
        users: () => this.users,
        peers: () => this.engine?.peerCount ?? 0
      })
    }
  }
}

function checkHash(hash: string): void {
  if (!isUserHash(hash)) {
    throw new InvalidParametersError('hash', 'must be 64 lower-case hexadecimal digits, the SHA-256 of a public key')
  }
}

/** In the one form that others read too. @throws {InvalidRecordError} */
function parse(record: UserRecord | string): UserRecord {
  const parsed = parseValue(typeof record === 'string' ? new TextEncoder().encode(record) : dhtValue(record))

  if (typeof record !== 'string' && record.hash !== parsed.hash) {
    throw new InvalidRecordError(`the record of ${parsed.hash} is refused: its hash is not that of its key`)
  }

  return parsed
}
