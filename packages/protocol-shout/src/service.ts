import { generateRsaKey, peerKey, RsaPrivateKey, Runner, Sessions, systemRandom } from '@hearsay/protocol-core'
import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import { NotStartedError, serviceCapabilities, serviceDependencies, TypedEventEmitter } from '@libp2p/interface'
import { announcedAddress } from './addresses.ts'
import { Answers } from './answers.ts'
import { Calls } from './calls.ts'
import { builtIn } from './compression.ts'
import * as constants from './constants.ts'
import { ShoutEngine } from './engine.ts'
import { BusyError } from './errors.ts'
import { KeyRing } from './key-ring.ts'
import { descriptor } from './links.ts'
import { encodeValue } from './msgpack.ts'
import { Packer } from './packer.ts'
import { changeKeyText, readNodeInfo } from './payloads.ts'
import { SeenLog } from './seen-log.ts'
import { subnetKey } from './subnet.ts'
import { decodeTransmission, MAX_FRAME_BYTES, transmissionPrefix } from './transmission.ts'
import type { SessionsInit, Wire } from '@hearsay/protocol-core'
import type { AbortOptions, CounterGroup, Logger, Startable } from '@libp2p/interface'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { CompressionMethod } from './compression.ts'
import type { Answer, Ask, CloseReason, Command, Event, Heard, Result } from './contract.ts'
import type { NodeInfo } from './payloads.ts'
import type { Transmission } from './transmission.ts'
import type { Value } from './msgpack.ts'
import type {
  CustomHandler,
  FindValueOptions,
  FoundValue,
  Sent,
  Shout,
  ShoutComponents,
  ShoutEvents,
  ShoutHooks,
  ShoutPeer,
  StoreOptions,
  Stored,
  SubnetDescriptor,
  WhisperOptions
} from './index.ts'

export type Config = typeof constants.shoutDefaults

export class ShoutService extends TypedEventEmitter<ShoutEvents> implements Shout, Startable {
  readonly [Symbol.toStringTag] = '@hearsay/protocol-shout'
  readonly [serviceCapabilities]: string[] = ['@hearsay/protocol-shout']
  readonly [serviceDependencies]: string[] = ['@libp2p/identify']

  private readonly components: ShoutComponents
  private readonly config: Config
  private readonly hooks: ShoutHooks
  private readonly log: Logger
  private readonly methods: ReadonlyMap<number, CompressionMethod>
  private readonly sessions: Sessions<Transmission>
  private readonly runner: Runner<Transmission, Command, Answer, Event, Ask>
  private readonly seenLog: SeenLog | undefined
  private readonly counted: CounterGroup | undefined
  private key: RsaPrivateKey | undefined
  private ring: KeyRing | undefined
  private answers: Answers | undefined
  private restored: Awaited<ReturnType<SeenLog['read']>> | undefined
  private readonly calls: Calls
  private readonly packer: Packer
  /** BOUNDED by the application */
  private readonly handlers = new Map<string, CustomHandler>()
  /** BOUNDED by the peers there may be */
  private readonly bound = new Map<PeerKey, ShoutPeer>()

  constructor(components: ShoutComponents, config: Config, hooks: ShoutHooks) {
    super()
    this.components = components
    this.config = config
    this.hooks = hooks
    this.key = hooks.key
    this.log = components.logger.forComponent('hearsay:shout')
    this.methods = new Map([...builtIn, ...(hooks.compressors ?? [])])
    this.seenLog =
      config.persistSeen && components.datastore !== undefined
        ? new SeenLog(components.datastore, config.seenSize, this.log)
        : undefined
    this.counted = components.metrics?.registerCounterGroup('hearsay_shout_total', {
      label: 'what',
      help: 'Messages heard and said, peers met, lost and closed, by kind'
    })
    this.packer = new Packer(this.methods, this.log)
    this.sessions = new Sessions(components, this.sessionsInit(), this.log)
    this.runner = new Runner({
      createEngine: () => this.createEngine(),
      sessions: this.sessions,
      emit: (event) => this.onEvent(event),
      answer: (ask, options) => this.answers!.answer(ask, options),
      closed: (reason, peer) => this.onClosed(peer, reason as CloseReason),
      log: this.log
    })
    this.calls = new Calls((command) => this.runner.command(command))
  }

  get publicKey(): Uint8Array {
    return this.startedRing().publicKey.spki
  }

  get peers(): readonly ShoutPeer[] {
    return [...this.bound.values()]
  }

  async start(): Promise<void> {
    if (!this.runner.started) {
      const { beta } = this.config
      this.key ??= await this.findKey()
      this.ring = new KeyRing(this.key, beta)
      const agreed = this.methodsInOrder().map((code) => [code, this.methods.get(code)!] as const)
      this.answers = new Answers({ ring: this.ring, methods: new Map(agreed), hooks: this.hooks, log: this.log })
      this.restored = await this.seenLog?.read()
      await this.runner.start()
      this.handlers.forEach((_handler, app) => this.runner.command({ type: 'handle', app, on: true }))
      this.components.events.addEventListener('self:peer:update', this.onAddresses)
    }
  }

  /** By now the transports listen */
  afterStart(): void {
    this.onAddresses()
  }

  async stop(): Promise<void> {
    this.components.events.removeEventListener('self:peer:update', this.onAddresses)
    await this.runner.stop()
    await this.seenLog?.stop()
    this.bound.clear()
    this.packer.forgetAll()
    this.calls.rejectAll(new NotStartedError('shout was stopped'))
  }

  async shout(value: Value): Promise<Sent> {
    return this.say('shout', value)
  }

  announce(): void {
    this.runner.command({ type: 'announce' })
  }

  async speak(value: Value): Promise<Sent> {
    return this.say('speak', value)
  }

  async whisper(
    to: Uint8Array,
    value: Value,
    { mode = 'auto', sealed = true, signal }: WhisperOptions = {}
  ): Promise<void> {
    if (!sealed && mode !== 'direct') {
      throw new InvalidParametersError(
        'sealed',
        'may be false only with mode "direct": nobody passes on what it can read'
      )
    }

    const payload = encodeValue(value)
    await this.call({ type: 'whisper', to: this.checkTarget(to), payload, mode, sealed }, signal)
  }

  custom(app: string, handler: CustomHandler): () => void {
    if (this.handlers.has(app)) {
      throw new InvalidParametersError('app', `${JSON.stringify(app)} has a handler already`)
    }

    this.handlers.set(app, handler)
    this.runner.command({ type: 'handle', app, on: true })

    return () => {
      this.handlers.delete(app)
      this.runner.command({ type: 'handle', app, on: false })
    }
  }

  async send(to: Uint8Array, app: string, data: Value, { signal }: AbortOptions = {}): Promise<void> {
    await this.call({ type: 'custom', to, payload: encodeValue({ app, data }) }, signal)
  }

  async ping(to: Uint8Array, { signal }: AbortOptions = {}): Promise<number> {
    const start = performance.now()
    await this.call({ type: 'ping', to }, signal)
    return performance.now() - start
  }

  async findNode(target: Uint8Array, { signal }: AbortOptions = {}): Promise<NodeInfo[]> {
    const { tau } = this.config
    const id = target.byteLength === tau / 8 ? target : await this.addressOf(this.checkTarget(target))
    const result = await this.call({ type: 'findNode', target: id }, signal)
    return result.type === 'nodes' ? result.nodes : []
  }

  async store(key: string | Uint8Array, value: Value, { version, ttl, signal }: StoreOptions = {}): Promise<Stored> {
    // what no message can carry throws here, where the application sees it
    encodeValue([key, value])
    const result = await this.call({ type: 'store', key, value, options: { version, ttl } }, signal)
    const { accepted, asked, version: at } = result as Extract<Result, { type: 'stored' }>
    return { copies: accepted, asked, version: at }
  }

  async findValue(key: string | Uint8Array, { owner, signal }: FindValueOptions = {}): Promise<FoundValue | undefined> {
    return (await this.find(key, owner, signal))[0]
  }

  async findValues(key: string | Uint8Array, { signal }: AbortOptions = {}): Promise<FoundValue[]> {
    return this.find(key, true, signal)
  }

  async findSubnet(subnet: SubnetDescriptor = this.config, options: AbortOptions = {}): Promise<NodeInfo[]> {
    const found = await this.findValues(subnetKey(descriptor({ ...this.config, ...subnet })), options)
    return found
      .map(({ value }) => readNodeInfo(value, this.config.beta))
      .filter((info): info is NodeInfo => info !== undefined)
  }

  async changeKey(next: RsaPrivateKey): Promise<void> {
    const ring = this.startedRing()
    const before = this.key!
    ring.check(next)
    const proof = await next.sign(changeKeyText(before.publicKey.spki, next.publicKey.spki), 'PSS')

    if (this.key !== before) {
      // another change was faster: the proof is about a key that is ours no more
      throw new BusyError()
    }

    // what the engine has signed from now on, it has signed by the new key
    ring.change(next)
    this.key = next

    try {
      await this.call({ type: 'changeKey', next: next.publicKey.spki, proof })
    } catch (err) {
      ring.change(before)
      this.key = before
      throw err
    }
  }

  private async say(type: 'shout' | 'speak', value: Value): Promise<Sent> {
    const result = await this.call({ type, payload: encodeValue(value) })
    const { peers, signature } = result as Extract<Result, { type: 'sent' }>
    this.counted?.increment({ [`said: ${type}`]: 1 })
    return { peers, signature }
  }

  private async find(
    key: string | Uint8Array,
    owner: Uint8Array | true | undefined,
    signal: AbortSignal | undefined
  ): Promise<FoundValue[]> {
    const result = await this.call({ type: 'findValue', key, owner }, signal)
    return result.type === 'values' ? result.values : []
  }

  private async call(command: Parameters<Calls['make']>[0], signal?: AbortSignal): Promise<Result> {
    if (!this.runner.started) {
      throw new NotStartedError('shout is not started: start the libp2p node first')
    }

    return this.calls.make(command, signal)
  }

  private createEngine(): ShoutEngine {
    const engine = new ShoutEngine({
      self: peerKey(this.components.peerId),
      key: this.startedRing().publicKey.spki,
      config: this.config,
      random: systemRandom,
      epoch: Date.now() - performance.now(),
      methods: this.methodsInOrder(),
      asks: { shout: this.hooks.relayShout !== undefined, speak: this.hooks.forwardSpeak !== undefined },
      ...(this.restored === undefined ? {} : { seen: this.restored })
    })
    this.seenLog?.start(engine.seenOffset)
    return engine
  }

  private methodsInOrder(): number[] {
    return this.config.compression.map((name) => constants.Compression[name]).filter((method) => method > 0)
  }

  /** The host's own key if it is RSA, else a new one */
  private async findKey(): Promise<RsaPrivateKey> {
    const { privateKey } = this.components
    const { beta } = this.config

    if (privateKey?.type === 'RSA') {
      const own = RsaPrivateKey.fromPkcs1(privateKey.raw)

      if (own.publicKey.bits === beta) {
        return own
      }
    }

    this.log('no key was given, and the host has no RSA key of %d bits: making one for this run', beta)
    return generateRsaKey(beta)
  }

  private startedRing(): KeyRing {
    if (this.ring === undefined) {
      throw new NotStartedError('shout is not started: start the libp2p node first')
    }

    return this.ring
  }

  private checkTarget(to: Uint8Array): Uint8Array {
    const { tau, beta } = this.config
    const [address, key] = [tau / 8, 38 + beta / 8]

    if (to.byteLength !== address && to.byteLength !== key) {
      throw new InvalidParametersError('to', `must be a public key of ${key} bytes (DER) or an address of ${address}`)
    }

    return to
  }

  private async addressOf(key: Uint8Array): Promise<Uint8Array> {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', key as Uint8Array<ArrayBuffer>))
    return hash.subarray(32 - this.config.tau / 8)
  }

  private readonly onAddresses = (): void => {
    const { addressManager, peerId } = this.components
    this.runner.command({ type: 'listening', address: announcedAddress(addressManager.getAddresses(), peerId) })
  }

  private onEvent(event: Event): void {
    switch (event.type) {
      case 'heard':
        return this.onHeard(event.message)
      case 'custom':
        return this.onCustom(event)
      case 'result':
        return this.calls.settle(event.call, event.result)
      case 'peer':
        return this.onPeer(event)
      case 'key-change':
      case 'key-conflict':
        return this.emit(event.type, () => ({ current: event.current, next: event.next }))
      case 'compression':
        return this.packer.agree(event.peer, event.method)
      case 'seen':
        return this.seenLog?.add(event.digest)
    }
  }

  private onHeard({ kind, value, from, peer }: Heard): void {
    this.counted?.increment({ [`heard: ${kind}`]: 1 })
    // a copy: the key is a view of what arrived
    this.emit(kind, () => ({ value, from: new Uint8Array(from), peer }))
  }

  private onCustom({ app, data, from, peer }: Extract<Event, { type: 'custom' }>): void {
    this.counted?.increment({ 'heard: custom': 1 })
    this.handlers.get(app)?.(data, { from: new Uint8Array(from), peer })
    this.emit('custom', () => ({ app, data, from: new Uint8Array(from), peer }))
  }

  private onPeer({ peer, key, on }: Extract<Event, { type: 'peer' }>): void {
    this.counted?.increment({ [on ? 'peers met' : 'peers lost']: 1 })

    if (on) {
      this.bound.set(peer, { peer, key })
    } else {
      this.bound.delete(peer)
    }

    this.emit('peer', () => ({ peer, key, connected: on }))
  }

  /** The runner is in the midst of its effects: the application is told once they are done */
  private onClosed(peer: PeerKey, reason: CloseReason): void {
    this.counted?.increment({ [`closed: ${reason}`]: 1 })
    queueMicrotask(() => this.emit('peer:closed', () => ({ peer, reason })))
  }

  /** Builds the event only when somebody listens */
  private emit<K extends keyof ShoutEvents>(type: K, detail: () => ShoutEvents[K]['detail']): void {
    if (this.listenerCount(type) > 0) {
      this.dispatchEvent(new CustomEvent(type, { detail: detail() }))
    }
  }

  private sessionsInit(): SessionsInit<Transmission> {
    const { limit, maxInbound, dialTimeout, maxQueuedBytes, maxOpenAsks } = this.config
    const wire: Wire<Transmission> = {
      protocol: constants.PROTOCOL,
      codec: { encode: ({ body }) => body, decode: decodeTransmission },
      prefix: transmissionPrefix,
      maxFrameBytes: MAX_FRAME_BYTES,
      pack: (peer, messages) => {
        this.count(messages)
        return this.packer.pack(peer, messages)
      }
    }
    return {
      wires: [wire],
      // one more of each, whom the engine refuses and counts
      maxPeers: limit + maxInbound + constants.MAX_VISITS + 2,
      maxDials: constants.MAX_DIALS,
      dialTimeout,
      maxQueuedBytes,
      maxOpenAsks,
      closeTimeout: constants.CLOSE_TIMEOUT
    }
  }

  private count(messages: readonly Uint8Array[]): void {
    if (this.counted !== undefined) {
      for (const message of messages) {
        const opcode = message[this.config.beta / 8 + 4]! >> 4
        this.counted.increment({ [`sent: ${OPCODE_NAMES.get(opcode) ?? opcode}`]: 1 })
      }
    }
  }
}

const OPCODE_NAMES = new Map<number, string>(Object.entries(constants.Opcode).map(([name, opcode]) => [opcode, name]))
