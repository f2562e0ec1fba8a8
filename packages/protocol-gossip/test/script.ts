import { GossipEngine } from '@hearsay/protocol-gossip/engine'
import { gossipDefaults, PROTOCOL } from '@hearsay/protocol-gossip'
import { EngineScript } from '@hearsay/protocol-core/testing'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { proves } from '@hearsay/protocol-gossip/pow'
import type { Direction, PeerKey } from '@hearsay/protocol-core/pure'
import type { Answer, Ask, Command, Event, GossipConfig, GossipEffect } from '@hearsay/protocol-gossip/engine'
import type { Message } from '@hearsay/protocol-gossip/codec'

export const peer = (name: string | number): PeerKey => `peer-${name}` as PeerKey
export const address = (name: string | number): string => `/ip4/192.0.2.1/tcp/1/p2p/${peer(name)}`
/** Few bits, so that proofs are quick to find */
export const BITS = 8

export class GossipScript extends EngineScript<Message, Command, Answer, Event, Ask> {
  constructor(config: Partial<GossipConfig> = {}, seed = 1) {
    super(
      new GossipEngine({
        self: peer('self'),
        config: { ...gossipDefaults, difficultyBits: BITS, ...config },
        random: seededRandom(seed)
      })
    )
  }

  connected(name: string | number, direction: Direction, group = 'group', protocol = PROTOCOL): GossipEffect[] {
    return this.input({ type: 'connected', peer: peer(name), direction, protocol, group })
  }

  disconnected(name: string | number): GossipEffect[] {
    return this.input({ type: 'disconnected', peer: peer(name) })
  }

  message(name: string | number, message: Message): GossipEffect[] {
    return this.input({ type: 'message', peer: peer(name), message })
  }

  /** A peer that dialled us and proved its work. @returns the effects of the proof */
  push(name: string | number, protocol = PROTOCOL): GossipEffect[] {
    const challenge = challengeIn(this.connected(name, 'inbound', 'group', protocol))
    return this.message(name, { type: 'proof', nonce: nonceFor(challenge) })
  }

  /** A peer that we dialled and that accepted our proof. @returns the effects of its verdict */
  pull(name: string | number): GossipEffect[] {
    this.connected(name, 'outbound')
    this.message(name, { type: 'challenge', challenge: 7n })
    this.answer({ type: 'solved', peer: peer(name), challenge: 7n, nonce: 1n })
    return this.message(name, { type: 'verdict', valid: true })
  }
}

/** The challenge an acceptor sent */
export function challengeIn(effects: GossipEffect[]): bigint {
  for (const effect of effects) {
    if (effect.type === 'send' && effect.message.type === 'challenge') {
      return effect.message.challenge
    }
  }

  throw new Error('no challenge was sent')
}

export function nonceFor(challenge: bigint, valid = true, bits = BITS): bigint {
  let nonce = 0n

  while (proves(challenge, nonce, bits) !== valid) {
    nonce++
  }

  return nonce
}

/** Effects of one type */
export function only<T extends GossipEffect['type']>(
  type: T,
  effects: GossipEffect[]
): Extract<GossipEffect, { type: T }>[] {
  return effects.filter((effect) => effect.type === type) as Extract<GossipEffect, { type: T }>[]
}

/** The reasons of the closes among the effects, by peer */
export function closes(effects: GossipEffect[]): [PeerKey, string][] {
  return only('close', effects).map((effect) => [effect.peer, effect.reason])
}

/** Messages sent, by peer */
export function sent(effects: GossipEffect[]): [PeerKey, Message][] {
  return only('send', effects).map((effect) => [effect.peer, effect.message])
}

export function events(effects: GossipEffect[]): Event[] {
  return only('emit', effects).map(({ event }) => event)
}
