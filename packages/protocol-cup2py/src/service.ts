import { Runner, systemRandom, peerKey } from '@hearsay/protocol-core'
import { checkRange, InvalidParametersError, varintPrefix } from '@hearsay/protocol-core/pure'
import { NotStartedError, serviceCapabilities, serviceDependencies, TypedEventEmitter } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { fetchSample } from './book-exchange.ts'
import { BookWriter } from './book-writer.ts'
import { decode, encode } from './codec.ts'
import * as constants from './constants.ts'
import { checkRecord, dhtValue, parseValue } from './dht.ts'
import { Cup2pyEngine } from './engine.ts'
import { InvalidRecordError, UserNotFoundError } from './errors.ts'
import { decodeLibrary } from './library.ts'
import { MemoryBook } from './memory-book.ts'
import { registerMetrics } from './metrics.ts'
import { OwnRecord } from './own-record.ts'
import { isNewer, isUserHash, peerOf, versionOf } from './record.ts'
import { Routing } from './routing.ts'
import { UserSessions } from './shared-sessions.ts'
import { createStats } from './stats.ts'
import { RecordVerifier } from './verifier.ts'
import type { SessionsInit } from '@hearsay/protocol-core'
import type { AbortOptions, Connection, Logger, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressBook } from './address-book.ts'
import type { Message } from './codec.ts'
import type { Answer, Ask, Command, Event, KnownUser, SearchCost } from './contract.ts'
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

const NO_COST: SearchCost = { messages: 0, peersAsked: 0, answers: 0 }

interface Searching {
  best: UserRecord | undefined
  resolve: (cost: SearchCost) => void
}

export class Cup2pyService extends TypedEventEmitter<Cup2pyEvents> implements Cup2py, Startable {
  readonly [Symbol.toStringTag] = '@hearsay/protocol-cup2py'
  readonly [serviceCapabilities]: string[] = ['@hearsay/protocol-cup2py']
  readonly [serviceDependencies]: string[] = ['@libp2p/identify']
  readonly hash: string

  private readonly components: Cup2pyComponents
  private readonly config: Cup2pyOptions
  private readonly log: Logger
  private readonly verifier: RecordVerifier
  private readonly own: OwnRecord
  private readonly book: AddressBook
  private readonly writer: BookWriter
  private readonly routing: Routing
  private readonly runner: Runner<Message, Command, Answer, Event, Ask>
  private engine: Cup2pyEngine | undefined
  /** BOUNDED by MAX_OWN_SEARCHES */
  private readonly searching = new Map<number, Searching>()
  private searches = 0
  private published = { users: 0 }
  private record: UserRecord | undefined
  private republishing: ReturnType<typeof setTimeout> | undefined
  private shutdown = new AbortController()

  constructor(components: Cup2pyComponents, config: Cup2pyOptions) {
    super()
    const { key, dht, minModulusBits, maxModulusBits } = config
    this.components = components
    this.config = config
    this.log = components.logger.forComponent('hearsay:cup2py')
    this.verifier = new RecordVerifier({ minBits: minModulusBits, maxBits: maxModulusBits, anyExponent: true })
    this.own = new OwnRecord(key)
    this.hash = this.own.hash
    this.book = config.addressBook ?? new MemoryBook()
    this.writer = new BookWriter(this.book, this.log)
    this.routing = new Routing(dht === true ? components.contentRouting : dht, config.dhtTimeout, this.log)
    this.runner = new Runner({
      createEngine: () => this.createEngine(),
      sessions: new UserSessions(components, sessionsInit(config), this.log, async () => this.sample()),
      emit: (event) => this.onEvent(event),
      answer: (ask) => this.answer(ask),
      closed: (reason) => this.log('closed a peer: %s', reason),
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
      const users = await this.book.open()
      this.own.notBefore((await this.book.floor(this.hash)) ?? '')
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
      this.searching.forEach(({ resolve }) => resolve(NO_COST))
      this.searching.clear()
      await this.writer.flushed()
      await this.book.close()
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
    checkRange('searches', this.searching.size + 1, [0, constants.MAX_OWN_SEARCHES])
    this.checkStarted()

    if (hash === this.hash) {
      return { record: await this.current(), cost: NO_COST }
    }

    const routed = await this.lookUp(hash, signal)
    return routed === undefined ? this.flood(hash, { depth, quietTime, signal }) : { record: routed, cost: NO_COST }
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
    return hash === this.hash ? this.current() : this.book.get(hash)
  }

  async add(record: UserRecord | string): Promise<boolean> {
    return this.take(typeof record === 'string' ? parseValue(new TextEncoder().encode(record)) : record, Date.now())
  }

  async import(records: Iterable<UserRecord | string> | AsyncIterable<UserRecord | string>): Promise<number> {
    let taken = 0

    for await (const record of records) {
      taken += (await this.add(record)) ? 1 : 0
    }

    return taken
  }

  async *export(): AsyncIterable<string> {
    for await (const record of this.book.records()) {
      yield new TextDecoder().decode(dhtValue(record))
    }
  }

  async pin(hash: string, pinned = true): Promise<void> {
    checkHash(hash)
    this.checkStarted()
    await this.writer.flushed()
    await this.book.setPinned(hash, pinned)
    this.runner.command({ type: 'pin', hash, pinned })
  }

  async remove(hash: string): Promise<void> {
    checkHash(hash)
    this.checkStarted()
    this.runner.command({ type: 'forget', hash })
    await this.writer.flushed()
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
      await this.book.close()
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
    const record = await this.own.sign(this.address())
    this.record = record
    this.runner.command({ type: 'own', record })
    return record
  }

  /** Our record, signed anew if we are elsewhere now: transports may listen a while after the start */
  private async current(): Promise<UserRecord | undefined> {
    const isOld = this.runner.started && this.record?.address !== this.address()
    return isOld ? this.renew() : this.record
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
    await checkRecord(record, this.verifier, this.config.maxClockSkew)

    if (record.date < ((await this.book.floor(record.hash)) ?? '')) {
      throw new InvalidRecordError(`the record of ${record.hash} is refused: a newer one was held before`)
    }

    const before = this.stats.records
    this.runner.command({ type: 'learn', record, wallTime: reachedAt })
    const isNews = this.stats.records > before
    await this.writer.flushed()
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

  private async flood(
    target: string,
    { depth, quietTime, signal }: { depth: number; quietTime: number; signal: AbortSignal | undefined }
  ): Promise<SearchResult> {
    const id = this.searches++
    const held = await this.book.get(target)
    const sender = await this.own.sign(this.address())
    this.checkStarted()
    const { promise, resolve } = Promise.withResolvers<SearchCost>()
    const searching: Searching = { best: held, resolve }
    const end = (): void => this.runner.command({ type: 'end', id })
    this.searching.set(id, searching)
    this.runner.command({ type: 'search', id, target, sender, depth, quietTime, held })
    signal?.addEventListener('abort', end)

    if (signal?.aborted === true) {
      end()
    }

    const cost = await promise
    signal?.removeEventListener('abort', end)
    return { record: searching.best, cost }
  }

  /** A DHT is asked first: that costs a few messages. @returns a record newer than the one held */
  private async lookUp(hash: string, signal: AbortSignal | undefined): Promise<UserRecord | undefined> {
    const record = await this.routing.find(hash, this.anySignal(signal))
    const held = record === undefined ? undefined : await this.book.get(hash)
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
    const records = await Promise.all(hashes.slice(0, constants.MAX_SAMPLE).map(async (hash) => this.held(hash)))
    return [await this.current(), ...records].filter((record) => record !== undefined)
  }

  /** From the book, which others may have written to: what they would call forged is not passed on */
  private async held(hash: string): Promise<UserRecord | undefined> {
    const record = await this.book.get(hash)
    return record !== undefined && (await this.verifier.verify(record)) === 'valid' ? record : undefined
  }

  private onEvent(event: Event): void {
    switch (event.type) {
      case 'record':
        return this.emit('record', () => event.record)
      case 'answer': {
        const searching = this.searching.get(event.id)

        if (searching !== undefined) {
          searching.best = event.record
        }

        return this.emit('search:answer', () => event.record)
      }
      case 'ended':
        this.searching.get(event.id)?.resolve(event.cost)
        this.searching.delete(event.id)
        return
      case 'published':
        this.published = { users: event.users }
    }
  }

  /** Builds the event only when somebody listens */
  private emit<K extends keyof Cup2pyEvents>(type: K, detail: () => Cup2pyEvents[K]['detail']): void {
    if (this.listenerCount(type) > 0) {
      this.dispatchEvent(new CustomEvent(type, { detail: detail() }))
    }
  }

  private answer(ask: Ask): Answer | Promise<Answer> {
    switch (ask.type) {
      case 'verify':
        return this.verify(ask)
      case 'fetch':
        return this.held(ask.hash).then((record) => ({ type: 'fetched', peer: ask.peer, record }))
      case 'store':
        this.writer.put(ask, ask.evicted)
        return { type: 'done' }
      case 'remove':
        this.writer.delete([ask.hash])
        return { type: 'done' }
      case 'reached':
        return this.writer
          .flushed()
          .then(async () => this.book.setReached(ask.hash, Date.now()))
          .then(() => ({ type: 'done' }))
    }
  }

  /** Answered at once where key and book can: no promise is made for it */
  private verify(ask: Extract<Ask, { type: 'verify' }>): Answer | Promise<Answer> {
    const { ticket, record } = ask
    const answer = (verdict: Awaited<ReturnType<RecordVerifier['verify']>>, floor: string | undefined): Answer => ({
      type: 'verified',
      ticket,
      verdict,
      floor,
      wallTime: Date.now()
    })
    // the engine must have its answer: a book that fails lets nothing in
    const failed = (err: unknown): Answer => {
      this.log.error('%s not verified - %e', record.hash, err)
      return answer('unsupported', undefined)
    }

    try {
      const [verdict, floor] = [this.verifier.verify(record), this.book.floor(record.hash)]
      const isThere = typeof verdict === 'string' && (floor === undefined || typeof floor === 'string')
      return isThere ? answer(verdict, floor) : Promise.all([verdict, floor]).then((both) => answer(...both), failed)
    } catch (err) {
      return failed(err)
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

function sessionsInit(config: Cup2pyOptions): SessionsInit<Message> {
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
