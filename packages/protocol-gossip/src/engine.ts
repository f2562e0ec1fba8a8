/**
 * @packageDocumentation
 *
 * The rules of gossip: a gate, the membership behind it, and the spreading among members. No IO.
 *
 * @see docs/specs/gossip.md
 */
import { Sha256 } from '@hearsay/protocol-core/pure'
import { noCounts } from './counts.ts'
import { dialectsOf } from './dialects.ts'
import { close, Gate } from './gate.ts'
import { Membership } from './membership.ts'
import { AnnounceMemory } from './memory.ts'
import { Spread } from './spread.ts'
import type { Engine, Input, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Sha256 as Sha256Function } from './announce-id.ts'
import type { Message } from './codec.ts'
import type { Answer, Command, GossipConfig, GossipEffect, GossipInput } from './contract.ts'
import type { Counts } from './counts.ts'
import type { Dialect } from './dialect.ts'

export { engineDefaults } from './constants.ts'
export { noCounts } from './counts.ts'
export { dialectsOf } from './dialects.ts'
export { AnnounceMemory } from './memory.ts'
export type * from './contract.ts'
export type { Counts, Fate } from './counts.ts'
export type { Dialect } from './dialect.ts'

export interface GossipEngineInit {
  /** Our own peer id */
  self: PeerKey
  config: GossipConfig
  random: Random
  /** A fast one, where there is one */
  sha256?: Sha256Function
  /** What it counts, for who wants to know */
  counts?: Counts
  /** What was seen before, to go on from there */
  memory?: AnnounceMemory
}

export class GossipEngine implements Engine<GossipInput, GossipEffect> {
  private readonly gate: Gate
  private readonly membership: Membership
  private readonly spread: Spread

  constructor(init: GossipEngineInit) {
    const { self, config, random, sha256 = Sha256.digest, counts = noCounts() } = init
    const memory = init.memory ?? new AnnounceMemory(config.cacheSize, random)
    const dialects = dialectsOf(config.dialects, sha256)
    const dialectOf = (peer: PeerKey): Dialect | undefined => this.gate.dialectOf(peer)
    const isBanned = (peer: PeerKey, now: Millis): boolean => this.gate.isBanned(peer, now)
    this.gate = new Gate(config, random, dialects)
    const isCrowded = (now: Millis): boolean => this.membership.isCrowded(now)
    this.spread = new Spread({ config, random, sha256, memory, counts, dialectOf, isCrowded })
    this.membership = new Membership({ self, config, random, dialects, dialectOf, isBanned })
  }

  handle(input: GossipInput, now: Millis): GossipEffect[] {
    switch (input.type) {
      case 'connected':
        return this.onConnected(input, now)
      case 'disconnected':
        return this.onDisconnected(input.peer, now)
      case 'message':
        return this.onMessage(input.peer, input.message, now)
      case 'malformed':
        return this.gate.ban(input.peer, 'malformed', now)
      case 'dialled':
        return this.membership.onDialled(input.dial, input.peer, now)
      case 'found':
        return this.membership.onFound(input.peer, input.direction, now)
      case 'timer':
        return this.onTimer(input.key, now)
      case 'answer':
        return this.onAnswer(input.answer, now)
      case 'command':
        return this.onCommand(input.command, now)
    }
  }

  private onConnected(input: Extract<Input<never, never, never>, { type: 'connected' }>, now: Millis): GossipEffect[] {
    if (this.gate.isBanned(input.peer, now)) {
      return [close(input.peer, 'banned')]
    }

    this.membership.onConnected(input.peer, input.direction, input.group)
    return this.admit(this.gate.onConnected(input, now), now)
  }

  private onDisconnected(peer: PeerKey, now: Millis): GossipEffect[] {
    this.spread.onDisconnected(peer)
    return [...this.gate.onDisconnected(peer), ...this.membership.onDisconnected(peer, now)]
  }

  private onMessage(peer: PeerKey, message: Message, now: Millis): GossipEffect[] {
    switch (message.type) {
      case 'challenge':
      case 'proof':
      case 'verdict':
      case 'info':
        return this.admit(this.gate.onMessage(peer, message, now), now)
    }

    if (!this.gate.isAdmitted(peer)) {
      return this.gate.ban(peer, 'violation', now)
    }

    switch (message.type) {
      case 'announce':
        return this.spread.onAnnounce(peer, message, now)
      case 'discovery':
        return this.membership.onDiscovery(peer, message, now)
      case 'offer':
        return this.membership.onOffer(peer, message, now) ?? this.gate.ban(peer, 'violation', now)
    }
  }

  /** Whom the gate let in joins the others */
  private admit(effects: GossipEffect[], now: Millis): GossipEffect[] {
    for (const effect of effects) {
      if (effect.type === 'emit' && effect.event.type === 'verified') {
        const { peer, direction } = effect.event
        return [
          ...effects,
          ...this.membership.onVerified(peer, direction, now),
          ...this.spread.onVerified(peer, direction, now)
        ]
      }
    }

    return effects
  }

  private onTimer(key: string, now: Millis): GossipEffect[] {
    switch (key) {
      case 'gate':
        return this.gate.onTimer(now)
      case 'verdict':
        return this.spread.onTimer(now)
      default:
        return this.membership.onTimer(key, now)
    }
  }

  private onAnswer(answer: Answer, now: Millis): GossipEffect[] {
    switch (answer.type) {
      case 'solved':
        return this.gate.onSolved(answer)
      case 'verdict':
        return this.spread.onVerdict(answer, now)
      case 'addresses':
        return this.membership.onAddresses(answer)
      case 'proven':
        return this.membership.onProven(answer)
    }
  }

  private onCommand(command: Command, now: Millis): GossipEffect[] {
    switch (command.type) {
      case 'start':
        return this.membership.onStart(now)
      case 'listening':
        this.gate.setPort(command.port)
        return []
      case 'subscribe':
        this.spread.subscribers.add(command.subscriber, command.party, command.dataType)
        return []
      case 'unsubscribe':
        return this.spread.onUnsubscribe(command.subscriber, now)
      case 'announce':
        return this.spread.onCommand(command, now)
    }
  }
}
