import { BoundedMap } from '@hearsay/protocol-core/pure'
import { Baseline } from './baseline.ts'
import { Redial } from './redial.ts'
import type { Engine, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { EngineInit } from '../swarm/spreading.ts'
import type { BaselineEffect, BaselineInput, Payload } from './baseline.ts'

/** Ids remembered, as in the paper's time */
const CACHE_SIZE = 1_000

/** SHOUT's way: what is new goes to everybody but its sender, and is remembered by its id on receipt. */
class FloodingEngine implements Engine<BaselineInput<Payload>, BaselineEffect<Payload>> {
  private readonly redial: Redial
  private readonly random: Random
  /** BOUNDED by the sessions there are */
  private readonly peers = new Set<PeerKey>()
  private readonly seen = new BoundedMap<bigint, true>(CACHE_SIZE)

  constructor({ known, random }: EngineInit) {
    this.redial = new Redial(known)
    this.random = random
  }

  handle(input: BaselineInput<Payload>, now: Millis): BaselineEffect<Payload>[] {
    switch (input.type) {
      case 'connected':
        this.redial.onConnected(input.peer)
        this.peers.add(input.peer)
        return [{ type: 'emit', event: { type: 'neighbour', peer: input.peer, joined: true } }]
      case 'disconnected':
        this.redial.onDisconnected(input.peer)
        this.peers.delete(input.peer)
        return [{ type: 'emit', event: { type: 'neighbour', peer: input.peer, joined: false } }]
      case 'dialled':
        this.redial.onDialled(input.dial)
        return []
      case 'timer':
        return this.redial.start(now)
      case 'message':
        return this.onPayload(input.peer, input.message)
      case 'command':
        return input.command.type === 'start'
          ? this.redial.start(now)
          : this.spread({ type: 'payload', id: this.random.uint64(), payload: input.command.payload })
      default:
        return []
    }
  }

  private onPayload(from: PeerKey, message: Payload): BaselineEffect<Payload>[] {
    return this.seen.has(message.id)
      ? []
      : [{ type: 'emit', event: { type: 'delivered', payload: message.payload } }, ...this.spread(message, from)]
  }

  private spread(message: Payload, except?: PeerKey): BaselineEffect<Payload>[] {
    this.seen.set(message.id, true)
    return [...this.peers].filter((peer) => peer !== except).map((peer) => ({ type: 'send', peer, message }))
  }
}

export const flooding: Baseline<Payload> = new Baseline(
  'flooding',
  (init) => new FloodingEngine(init),
  () => 0
)
