import { BoundedMap, sample } from '@hearsay/protocol-core/pure'
import { isValid } from '../swarm/payload.ts'
import { Baseline, isPayload } from './baseline.ts'
import { Redial } from './redial.ts'
import type { Engine, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { EngineInit } from '../swarm/spreading.ts'
import type { BaselineEffect, BaselineInput, Payload } from './baseline.ts'

type Message = { type: 'discovery' } | { type: 'offer'; peers: PeerKey[] }

/** The numbers of the midterm design's example configuration, and our cooldown and degree, to compare like with like */
const CACHE_SIZE = 50
const DEGREE = 4
const MIN_CONNECTIONS = 6
const MAX_CONNECTIONS = 30
const SEARCH_COOLDOWN: Millis = 60_000
const BYTES_PER_PEER = 60

/**
 * Gossip by the letter of its midterm design: no gate, ids remembered by number and on receipt, offers taken in the
 * order they come, inbound connections accepted until there is no room.
 */
class WrittenGossipEngine implements Engine<BaselineInput<Message>, BaselineEffect<Message>> {
  private readonly self: PeerKey
  private readonly redial: Redial
  private readonly random: Random
  /** BOUNDED by MAX_CONNECTIONS */
  private readonly peers = new Set<PeerKey>()
  private readonly seen = new BoundedMap<bigint, true>(CACHE_SIZE)
  private dials = 0

  constructor({ self, known, random }: EngineInit) {
    this.self = self
    this.redial = new Redial(known)
    this.random = random
  }

  handle(input: BaselineInput<Message>, now: Millis): BaselineEffect<Message>[] {
    switch (input.type) {
      case 'connected':
        return this.onConnected(input.peer)
      case 'disconnected':
        return this.onDisconnected(input.peer)
      case 'dialled':
        this.redial.onDialled(input.dial)
        return []
      case 'timer':
        return input.key === 'search' ? this.search(now) : this.redial.start(now)
      case 'message':
        return isPayload(input.message)
          ? this.onPayload(input.peer, input.message)
          : this.onMembership(input.peer, input.message)
      case 'command':
        return input.command.type === 'start'
          ? [...this.redial.start(now), armSearch(now)]
          : this.spread({ type: 'payload', id: this.random.uint64(), payload: input.command.payload })
      default:
        return []
    }
  }

  private onConnected(peer: PeerKey): BaselineEffect<Message>[] {
    if (this.peers.size >= MAX_CONNECTIONS) {
      return [{ type: 'close', peer, reason: 'full' }]
    }

    this.redial.onConnected(peer)
    this.peers.add(peer)
    return [{ type: 'emit', event: { type: 'neighbour', peer, joined: true } }]
  }

  private onDisconnected(peer: PeerKey): BaselineEffect<Message>[] {
    this.redial.onDisconnected(peer)
    return this.peers.delete(peer) ? [{ type: 'emit', event: { type: 'neighbour', peer, joined: false } }] : []
  }

  private search(now: Millis): BaselineEffect<Message>[] {
    const asked = this.peers.size < MIN_CONNECTIONS ? [...this.peers] : []
    return [
      armSearch(now),
      ...asked.map((peer): BaselineEffect<Message> => ({ type: 'send', peer, message: { type: 'discovery' } }))
    ]
  }

  private onMembership(peer: PeerKey, message: Message): BaselineEffect<Message>[] {
    if (message.type === 'discovery') {
      const peers = [...this.peers].filter((each) => each !== peer)
      return [{ type: 'send', peer, message: { type: 'offer', peers } }]
    }

    const missing = Math.max(0, MIN_CONNECTIONS - this.peers.size)
    return message.peers
      .filter((each) => each !== this.self && !this.peers.has(each))
      .slice(0, missing)
      .map((each) => ({ type: 'dial', dial: `offer${this.dials++} ${each}`, peer: each, addresses: [] }))
  }

  private onPayload(from: PeerKey, message: Payload): BaselineEffect<Message>[] {
    if (this.seen.has(message.id)) {
      return []
    }

    this.seen.set(message.id, true)
    return isValid(message.payload)
      ? [{ type: 'emit', event: { type: 'delivered', payload: message.payload } }, ...this.spread(message, from)]
      : []
  }

  private spread(message: Payload, except?: PeerKey): BaselineEffect<Message>[] {
    this.seen.set(message.id, true)
    const others = [...this.peers].filter((peer) => peer !== except)
    return sample(others, DEGREE, this.random).map((peer) => ({ type: 'send', peer, message }))
  }
}

function armSearch(now: Millis): BaselineEffect<Message> {
  return { type: 'arm', key: 'search', at: now + SEARCH_COOLDOWN }
}

export const writtenGossip: Baseline<Message> = new Baseline(
  'gossip as written',
  (init) => new WrittenGossipEngine(init),
  (message) => (message.type === 'offer' ? BYTES_PER_PEER * message.peers.length : 0)
)
