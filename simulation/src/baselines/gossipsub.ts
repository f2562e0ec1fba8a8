import { BoundedMap, sample, shuffle } from '@hearsay/protocol-core/pure'
import { isValid } from '../swarm/payload.ts'
import { Baseline, isPayload } from './baseline.ts'
import { GossipsubScore } from './gossipsub-score.ts'
import { Redial } from './redial.ts'
import type { Direction, Engine, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { EngineInit } from '../swarm/spreading.ts'
import type { BaselineEffect, BaselineInput, Payload } from './baseline.ts'

type Message =
  | { type: 'graft' }
  | { type: 'prune' }
  | { type: 'ihave'; ids: readonly bigint[] }
  | { type: 'iwant'; ids: readonly bigint[] }
type SubEffect = BaselineEffect<Message>

/** The defaults of its specification */
const D = 6
const D_LOW = 5
const D_HIGH = 12
const D_SCORE = 4
const D_OUT = 2
const D_LAZY = 6
const HEARTBEAT: Millis = 1_000
const BACKOFF: Millis = 60_000
const PROMISE: Millis = 3_000
const HISTORY_GOSSIP = 3
const HISTORY = 5
const SEEN = 65_536
const OPPORTUNISTIC_TICKS = 60
const OPPORTUNISTIC_BELOW = 1
const OPPORTUNISTIC_PEERS = 2
const GRAYLIST_BELOW = -100
const ID_BYTES = 20

/** Gossipsub 1.1 as a small model: a mesh that is kept at its degree by score, gossip about what others missed. */
class GossipsubEngine implements Engine<BaselineInput<Message>, SubEffect> {
  private readonly redial: Redial
  private readonly random: Random
  private readonly score = new GossipsubScore()
  /** BOUNDED by the sessions there are */
  private readonly peers = new Map<PeerKey, Direction>()
  /** BOUNDED by `peers` */
  private readonly mesh = new Set<PeerKey>()
  /** Until when nobody asks a peer to join the mesh again. BOUNDED by `peers` */
  private readonly backoff = new Map<PeerKey, Millis>()
  private readonly seen = new BoundedMap<bigint, true>(SEEN)
  /** Payloads of the last heartbeats, newest first. BOUNDED by HISTORY */
  private history: Map<bigint, Payload>[] = [new Map()]
  /** Who said it would send what, and until when. BOUNDED by what is asked for within PROMISE */
  private readonly promises = new Map<bigint, { peer: PeerKey; until: Millis }>()
  private ticks = 0

  constructor({ known, random }: EngineInit) {
    this.redial = new Redial(known)
    this.random = random
  }

  handle(input: BaselineInput<Message>, now: Millis): SubEffect[] {
    switch (input.type) {
      case 'connected':
        this.redial.onConnected(input.peer)
        this.peers.set(input.peer, input.direction)
        this.score.onConnected(input.peer, input.group)
        return []
      case 'disconnected':
        return this.onDisconnected(input.peer)
      case 'dialled':
        this.redial.onDialled(input.dial)
        return []
      case 'timer':
        return input.key === 'heartbeat' ? this.heartbeat(now) : this.redial.start(now)
      case 'message':
        return this.score.of(input.peer, now) < GRAYLIST_BELOW ? [] : this.onMessage(input.peer, input.message, now)
      case 'command':
        return input.command.type === 'start'
          ? [...this.redial.start(now), { type: 'arm', key: 'heartbeat', at: now + this.random.below(HEARTBEAT) }]
          : this.publish({ type: 'payload', id: this.random.uint64(), payload: input.command.payload }, now)
      default:
        return []
    }
  }

  private onDisconnected(peer: PeerKey): SubEffect[] {
    const left = this.leaveMesh(peer)
    this.redial.onDisconnected(peer)
    this.peers.delete(peer)
    this.backoff.delete(peer)
    this.score.onDisconnected(peer)
    return left
  }

  private onMessage(from: PeerKey, message: Message | Payload, now: Millis): SubEffect[] {
    if (isPayload(message)) {
      return this.onPayload(from, message)
    }

    switch (message.type) {
      case 'graft':
        return this.onGraft(from, now)
      case 'prune':
        this.backoff.set(from, now + BACKOFF)
        return this.leaveMesh(from)
      case 'ihave':
        return this.onHave(from, message.ids, now)
      case 'iwant':
        return message.ids.flatMap((id) => {
          const held = this.history.find((each) => each.has(id))?.get(id)
          return held === undefined ? [] : [{ type: 'send', peer: from, message: held }]
        })
    }
  }

  private onGraft(peer: PeerKey, now: Millis): SubEffect[] {
    const isFull = this.mesh.size >= D_HIGH && this.peers.get(peer) === 'inbound'

    if (isFull || this.score.of(peer, now) < 0 || (this.backoff.get(peer) ?? 0) > now) {
      this.backoff.set(peer, now + BACKOFF)
      return [{ type: 'send', peer, message: { type: 'prune' } }]
    }

    return this.joinMesh(peer, now)
  }

  private onHave(peer: PeerKey, ids: readonly bigint[], now: Millis): SubEffect[] {
    const wanted = ids.filter((id) => !this.seen.has(id) && !this.promises.has(id))

    if (wanted.length === 0 || this.score.of(peer, now) < 0) {
      return []
    }

    wanted.forEach((id) => this.promises.set(id, { peer, until: now + PROMISE }))
    return [{ type: 'send', peer, message: { type: 'iwant', ids: wanted } }]
  }

  private onPayload(from: PeerKey, message: Payload): SubEffect[] {
    this.promises.delete(message.id)

    if (this.seen.has(message.id)) {
      return []
    }

    this.seen.set(message.id, true)

    if (!isValid(message.payload)) {
      this.score.onInvalid(from)
      return []
    }

    this.history[0]!.set(message.id, message)
    this.score.onFirstDelivery(from)
    const onward = [...this.mesh].filter((peer) => peer !== from)
    return [
      { type: 'emit', event: { type: 'delivered', payload: message.payload } },
      ...onward.map((peer): SubEffect => ({ type: 'send', peer, message }))
    ]
  }

  /** A payload of one's own goes to all that are not in bad standing */
  private publish(message: Payload, now: Millis): SubEffect[] {
    this.seen.set(message.id, true)
    this.history[0]!.set(message.id, message)
    return [...this.peers.keys()]
      .filter((peer) => this.score.of(peer, now) >= 0)
      .map((peer) => ({ type: 'send', peer, message }))
  }

  private heartbeat(now: Millis): SubEffect[] {
    this.ticks++
    this.score.decay()
    this.breakPromises(now)
    const bad = [...this.mesh].filter((peer) => this.score.of(peer, now) < 0)
    const effects: SubEffect[] = [
      { type: 'arm', key: 'heartbeat', at: now + HEARTBEAT },
      ...bad.flatMap((peer) => [{ type: 'emit', event: { type: 'blamed', peer } } as const, ...this.prune(peer, now)]),
      ...(this.mesh.size < D_LOW ? this.graft(D - this.mesh.size, now) : []),
      ...(this.mesh.size > D_HIGH ? this.shrink(now) : []),
      ...this.opportunistic(now),
      ...this.gossip(now)
    ]
    this.history = [new Map(), ...this.history.slice(0, HISTORY - 1)]
    return effects
  }

  private breakPromises(now: Millis): void {
    for (const [id, { peer, until }] of this.promises) {
      if (until <= now) {
        this.promises.delete(id)
        this.score.onBrokenPromise(peer)
      }
    }
  }

  private graft(count: number, now: Millis, above = 0): SubEffect[] {
    const candidates = [...this.peers.keys()].filter(
      (peer) => !this.mesh.has(peer) && (this.backoff.get(peer) ?? 0) <= now && this.score.of(peer, now) >= above
    )
    return sample(candidates, count, this.random).flatMap((peer) => [
      { type: 'send', peer, message: { type: 'graft' } },
      ...this.joinMesh(peer, now)
    ])
  }

  /** The best stay, some at random, and some that this node dialled */
  private shrink(now: Millis): SubEffect[] {
    const byScore = shuffle([...this.mesh], this.random).toSorted(
      (a, b) => this.score.of(b, now) - this.score.of(a, now)
    )
    const kept = [...byScore.slice(0, D_SCORE), ...shuffle(byScore.slice(D_SCORE), this.random)]
    const dialled = kept.filter((peer) => this.peers.get(peer) === 'outbound').slice(0, D_OUT)
    const staying = new Set([...dialled, ...kept].slice(0, D + dialled.length))
    const leaving = kept.filter((peer) => !staying.has(peer))
    return leaving.flatMap((peer) => this.prune(peer, now))
  }

  /** Where the mesh is of low value, better peers are asked in */
  private opportunistic(now: Millis): SubEffect[] {
    const scores = [...this.mesh].map((peer) => this.score.of(peer, now)).toSorted((a, b) => a - b)
    const middle = scores[scores.length >> 1] ?? 0
    return this.ticks % OPPORTUNISTIC_TICKS === 0 && middle < OPPORTUNISTIC_BELOW
      ? this.graft(OPPORTUNISTIC_PEERS, now, middle + Number.EPSILON)
      : []
  }

  private gossip(now: Millis): SubEffect[] {
    const ids = this.history.slice(0, HISTORY_GOSSIP).flatMap((each) => [...each.keys()])
    const others = [...this.peers.keys()].filter((peer) => !this.mesh.has(peer) && this.score.of(peer, now) >= 0)
    return ids.length === 0
      ? []
      : sample(others, D_LAZY, this.random).map((peer) => ({ type: 'send', peer, message: { type: 'ihave', ids } }))
  }

  private prune(peer: PeerKey, now: Millis): SubEffect[] {
    this.backoff.set(peer, now + BACKOFF)
    return [{ type: 'send', peer, message: { type: 'prune' } }, ...this.leaveMesh(peer)]
  }

  private joinMesh(peer: PeerKey, now: Millis): SubEffect[] {
    if (this.mesh.has(peer)) {
      return []
    }

    this.mesh.add(peer)
    this.score.setInMesh(peer, now)
    return [{ type: 'emit', event: { type: 'neighbour', peer, joined: true } }]
  }

  private leaveMesh(peer: PeerKey): SubEffect[] {
    this.score.setInMesh(peer, undefined)
    return this.mesh.delete(peer) ? [{ type: 'emit', event: { type: 'neighbour', peer, joined: false } }] : []
  }
}

export const gossipsub: Baseline<Message> = new Baseline(
  "gossipsub's rules",
  (init) => new GossipsubEngine(init),
  (message) => (message.type === 'ihave' || message.type === 'iwant' ? ID_BYTES * message.ids.length : 0)
)
