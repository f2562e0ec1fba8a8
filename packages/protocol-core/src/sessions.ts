import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { addressGroup } from './address-group.ts'
import { Session } from './session.ts'
import type { Connection, Logger, PeerId, Stream } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { Direction, Effect, Input, Millis, PeerKey } from './engine.ts'
import type { LengthPrefix } from './framing.ts'

export interface Codec<Message> {
  /** A message as one frame, without its length prefix */
  encode(message: Message): Uint8Array
  /** @throws {DecodeError} and nothing else */
  decode(frame: Uint8Array): Message
}

/** One protocol id and how its messages look on the wire. */
export interface Wire<Message> {
  protocol: string
  codec: Codec<Message>
  prefix: LengthPrefix
  /** Longest frame, without its prefix */
  maxFrameBytes: number
  /** Makes of the frames of one flush to a peer what is sent. @see SessionInit */
  pack?(peer: PeerKey, frames: readonly Uint8Array[]): Uint8Array | Promise<Uint8Array>
}

/** Why a message was not sent: its peer reads too slowly, or no frame can hold it */
export type DropReason = 'slow' | 'long'

/** What several sockets brought in one turn leaves together */
const endOfTurn = (globalThis as { setImmediate?: (run: () => void) => void }).setImmediate ?? queueMicrotask

export interface SessionsInit<Message> {
  /** Most preferred first */
  wires: readonly [Wire<Message>, ...Wire<Message>[]]
  /** Peers at once; a newcomer beyond is refused */
  maxPeers: number
  /** Dials at once; one more fails at once */
  maxDials: number
  /** In ms, for a connection and a stream together */
  dialTimeout: Millis
  maxQueuedBytes: number
  maxOpenAsks: number
  closeTimeout: Millis
  /** A message was not sent, for a reason of a fixed few */
  dropped?: ((reason: DropReason, peer: PeerKey) => void) | undefined
  /** When what is queued is flushed. @default at the end of the event loop's turn; in browsers, of the tick */
  schedule?: ((flush: () => void) => void) | undefined
}

export interface SessionsComponents {
  peerId: PeerId
  registrar: Registrar
  connectionManager: ConnectionManager
}

type DialEffect = Extract<Effect<never, never, never>, { type: 'dial' }>

/** What sessions report: the inputs of an engine that come from the network. */
export type SessionInput<Message> = Exclude<Input<Message, never, never>, { type: 'timer' | 'answer' | 'command' }>

interface Entry<Message> {
  session: Session
  wire: Wire<Message>
  connection: Connection
  direction: Direction
  openedAt: Millis
}

/** A peer may open two streams while an older one is still closing */
const MAX_STREAMS = 4

/** One session a peer: streams accepted, opened, merged when they cross, and closed. */
export class Sessions<Message> {
  private readonly components: SessionsComponents
  private readonly init: SessionsInit<Message>
  private readonly log: Logger
  private report: (input: SessionInput<Message>) => void = () => {}
  /** BOUNDED by maxPeers */
  private readonly peers = new Map<PeerKey, Entry<Message>>()
  /** Sessions with frames to flush at the end of this tick. BOUNDED by the streams of a tick */
  private readonly dirty = new Set<Session>()
  /** Streams that say goodbye, with what ends them. BOUNDED by closeTimeout and the streams libp2p allows */
  private readonly closing = new Set<Promise<void>>()
  private topologies: string[] = []
  private starting: Promise<void> = Promise.resolve()
  private shutdown = new AbortController()
  private dials = 0
  /** The last message sent and its frame: one sent to many peers is encoded once */
  private encoded: { message: Message; wire: Wire<Message>; frame: Uint8Array } | undefined

  constructor(components: SessionsComponents, init: SessionsInit<Message>, log: Logger) {
    this.components = components
    this.init = init
    this.log = log
  }

  async start(report: (input: SessionInput<Message>) => void): Promise<void> {
    this.report = report
    this.shutdown = new AbortController()
    this.starting = this.register()
    return this.starting
  }

  private async register(): Promise<void> {
    const { registrar } = this.components

    for (const wire of this.init.wires) {
      await registrar.handle(wire.protocol, (stream, connection) => this.accept(stream, connection), {
        maxInboundStreams: MAX_STREAMS,
        maxOutboundStreams: MAX_STREAMS
      })
      const onConnect = (peerId: PeerId, { direction }: Connection): void =>
        this.report({ type: 'found', peer: peerKey(peerId), direction })
      this.topologies.push(await registrar.register(wire.protocol, { onConnect }))
    }
  }

  /** Accepts and dials nothing more; closes every session */
  async stop(): Promise<void> {
    const { registrar } = this.components
    this.shutdown.abort()
    // whoever started knows if that failed
    await this.starting.catch(() => {})
    this.topologies.splice(0).forEach((id) => registrar.unregister(id))
    await Promise.all(this.init.wires.map(async ({ protocol }) => registrar.unhandle(protocol)))
    ;[...this.peers.keys()].forEach((peer) => this.close(peer))
    await Promise.all(this.closing)
  }

  has(peer: PeerKey): boolean {
    return this.peers.has(peer)
  }

  connection(peer: PeerKey): Connection | undefined {
    return this.peers.get(peer)?.connection
  }

  send(peer: PeerKey, message: Message, urgent = false): void {
    const entry = this.peers.get(peer)

    if (entry !== undefined) {
      const frame = this.encode(message, entry.wire)

      if (frame.byteLength > entry.wire.maxFrameBytes) {
        this.log.error('a frame of %d bytes for %s is too long, and not sent', frame.byteLength, peer)
        this.init.dropped?.('long', peer)
      } else if (entry.session.send(frame, urgent)) {
        this.markDirty(entry.session)
      } else {
        this.init.dropped?.('slow', peer)
      }
    }
  }

  /** A message of this peer waits for an answer; call the result when it is there */
  asked(peer: PeerKey): () => void {
    const session = this.peers.get(peer)?.session
    session?.asked()
    return () => session?.answered()
  }

  close(peer: PeerKey): void {
    const closed = this.peers.get(peer)?.session.close()

    if (closed !== undefined) {
      this.closing.add(closed)
      void closed.finally(() => this.closing.delete(closed))
    }
  }

  async dial(effect: DialEffect): Promise<void> {
    const { dial, peer, addresses } = effect
    const { signal } = this.shutdown
    let reached: PeerKey | undefined

    if (this.dials < this.init.maxDials) {
      this.dials++
      reached = await this.reach(effect).catch((err: unknown) => {
        this.log('dial to %s failed - %e', peer ?? addresses.join(), err)
        return undefined
      })
      this.dials--
    }

    // after a stop nobody waits for it; after the next start, somebody else would take it for theirs
    if (!signal.aborted) {
      this.report({ type: 'dialled', dial, ...(reached === undefined ? {} : { peer: reached }) })
    }
  }

  private async reach(effect: DialEffect): Promise<PeerKey> {
    const { wires, dialTimeout } = this.init
    const signal = AbortSignal.any([this.shutdown.signal, AbortSignal.timeout(dialTimeout)])
    const connection = await this.connect(effect, signal)
    const reached = peerKey(connection.remotePeer)

    // the remote may have opened a stream meanwhile
    if (!this.peers.has(reached)) {
      const protocols = wires.map(({ protocol }) => protocol)
      this.adopt(await connection.newStream(protocols, { signal }), connection, 'outbound')
    }

    if (!this.peers.has(reached)) {
      throw new Error('connected, but the stream was not taken')
    }

    return reached
  }

  private async connect({ peer, addresses, connected }: DialEffect, signal: AbortSignal): Promise<Connection> {
    const { connectionManager } = this.components
    const peerId = peer === undefined ? undefined : peerIdFromString(peer)
    // what a relay limits is not for us: libp2p opens no stream over it
    const direct = connectionManager.getConnections(peerId).find(({ limits }) => limits === undefined)
    const existing = connected === true ? direct : undefined

    if (connected === true && existing === undefined) {
      throw new Error('there is no connection any longer')
    }

    return (
      existing ??
      connectionManager.openConnection(
        peerId === undefined || addresses.length > 0 ? addresses.map((text) => multiaddr(text)) : peerId,
        { signal }
      )
    )
  }

  private accept(stream: Stream, connection: Connection): void {
    this.adopt(stream, connection, 'inbound')
  }

  /** Make the stream its peer's session, or refuse it */
  private adopt(stream: Stream, connection: Connection, direction: Direction): void {
    const peer = peerKey(connection.remotePeer)
    const existing = this.peers.get(peer)
    const wire = this.init.wires.find(({ protocol }) => protocol === stream.protocol)
    const refusal = this.refusal(existing, peer, connection, direction)

    if (refusal !== undefined || wire === undefined || stream.status !== 'open' || this.shutdown.signal.aborted) {
      stream.abort(new Error(refusal ?? 'not taken'))
      return
    }

    if (existing !== undefined) {
      this.close(peer)
    }

    const session = this.createSession(stream, peer, wire)
    this.peers.set(peer, { session, wire, connection, direction, openedAt: performance.now() })
    const group = addressGroup(connection.remoteAddr)
    this.report({ type: 'connected', peer, direction, protocol: wire.protocol, group })
  }

  /** Why a new stream is not taken; undefined if it is */
  private refusal(
    existing: Entry<Message> | undefined,
    peer: PeerKey,
    connection: Connection,
    direction: Direction
  ): string | undefined {
    if (existing === undefined) {
      return this.peers.size < this.init.maxPeers ? undefined : 'too many peers'
    }

    const crossing = existing.direction !== direction && performance.now() - existing.openedAt < this.init.dialTimeout

    if (crossing) {
      // both sides keep the stream that the lower peer id opened
      const opener = direction === 'outbound' ? this.self : peer
      const other = direction === 'outbound' ? peer : this.self
      return opener < other ? undefined : 'two streams crossed'
    }

    // a peer that lost its old connection, unnoticed by us, comes back on a new one
    return connection.id === existing.connection.id ? 'one stream a peer' : undefined
  }

  private createSession(stream: Stream, peer: PeerKey, wire: Wire<Message>): Session {
    const { maxQueuedBytes, maxOpenAsks, closeTimeout } = this.init
    const session: Session = new Session(stream, {
      prefix: wire.prefix,
      maxFrameBytes: wire.maxFrameBytes,
      pack: wire.pack === undefined ? undefined : (frames) => wire.pack!(peer, frames),
      maxQueuedBytes,
      maxOpenAsks,
      closeTimeout,
      onFrame: (frame) => this.report({ type: 'message', peer, message: wire.codec.decode(frame) }),
      onMalformed: (err) => {
        this.log('malformed bytes from %s - %e', peer, err)
        this.report({ type: 'malformed', peer })
      },
      onEnd: () => {
        this.peers.delete(peer)
        this.dirty.delete(session)
        this.report({ type: 'disconnected', peer })
      }
    })

    return session
  }

  private encode(message: Message, wire: Wire<Message>): Uint8Array {
    if (this.encoded?.message !== message || this.encoded.wire !== wire) {
      this.encoded = { message, wire, frame: wire.codec.encode(message) }
    }

    return this.encoded.frame
  }

  private markDirty(session: Session): void {
    if (this.dirty.size === 0) {
      const { schedule = endOfTurn } = this.init
      schedule(() => this.flush())
    }

    this.dirty.add(session)
  }

  private flush(): void {
    for (const session of this.dirty) {
      session.flush()
    }

    this.dirty.clear()
    this.encoded = undefined
  }

  private get self(): PeerKey {
    return peerKey(this.components.peerId)
  }
}

export function peerKey(peerId: PeerId): PeerKey {
  return peerId.toString() as PeerKey
}
