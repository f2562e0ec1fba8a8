/**
 * @packageDocumentation
 *
 * The rules of gossip: a gate, the membership behind it, and the spreading among members. No IO.
 *
 * @see docs/specs/gossip.md
 */
import { close, Gate } from './gate.ts'
import { Membership } from './membership.ts'
import { Spread } from './spread.ts'
import type { Engine, Input, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Message } from './codec.ts'
import type { Answer, Command, GossipConfig, GossipEffect, GossipInput } from './contract.ts'

export { engineDefaults } from './constants.ts'
export type * from './contract.ts'

export interface GossipEngineInit {
  /** Our own peer id */
  self: PeerKey
  config: GossipConfig
  random: Random
}

export class GossipEngine implements Engine<GossipInput, GossipEffect> {
  private readonly gate: Gate
  private readonly membership: Membership
  private readonly spread: Spread

  constructor({ self, config, random }: GossipEngineInit) {
    this.gate = new Gate(config, random)
    this.spread = new Spread(config, random)
    const isBanned = (peer: PeerKey, now: Millis): boolean => this.gate.isBanned(peer, now)
    this.membership = new Membership({ self, config, random, isBanned })
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
        return this.onAnswer(input.answer)
      case 'command':
        return this.onCommand(input.command, now)
    }
  }

  private onConnected(input: Extract<Input<never, never, never>, { type: 'connected' }>, now: Millis): GossipEffect[] {
    if (this.gate.isBanned(input.peer, now)) {
      return [close(input.peer, 'banned')]
    }

    this.membership.onConnected(input.peer, input.direction)
    return this.gate.onConnected(input, now)
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

    if (!this.gate.isVerified(peer)) {
      return this.gate.ban(peer, 'violation', now)
    }

    switch (message.type) {
      case 'announce':
        return this.spread.onAnnounce(peer, message, now)
      case 'discovery':
        return this.membership.onDiscovery(peer, now)
      case 'offer':
        return this.membership.onOffer(peer, message.addresses, now) ?? this.gate.ban(peer, 'violation', now)
    }
  }

  /** Whom the gate verified joins the others */
  private admit(effects: GossipEffect[], now: Millis): GossipEffect[] {
    for (const effect of effects) {
      if (effect.type === 'emit' && effect.event.type === 'verified') {
        const { peer, direction } = effect.event
        return [...effects, ...this.membership.onVerified(peer, direction, now), ...this.spread.onVerified(peer)]
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

  private onAnswer(answer: Answer): GossipEffect[] {
    switch (answer.type) {
      case 'solved':
        return this.gate.onSolved(answer)
      case 'verdict':
        return this.spread.onVerdict(answer)
      case 'addresses':
        return this.membership.onAddresses(answer)
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
        return this.spread.onUnsubscribe(command.subscriber)
      case 'announce':
        return this.spread.onCommand(command, now)
    }
  }
}
