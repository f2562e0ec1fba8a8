import { encode } from '@hearsay/protocol-gossip/codec'
import { engineDefaults, GossipEngine } from '@hearsay/protocol-gossip/engine'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-gossip/codec'
import type { Answer, Ask, Command, Event, GossipConfig } from '@hearsay/protocol-gossip/engine'
import type { AskContext, EngineInit, Spreading } from './spreading.ts'

export interface GossipProtocol {
  message: Message
  command: Command
  answer: Answer
  event: Event
  ask: Ask
}

const DATA_TYPE = 1
/** A frame carries its length in two bytes */
const PREFIX_BYTES = 2

const addressOf = (peer: PeerKey): string => `/sim/p2p/${peer}`

/** The engine of packages/protocol-gossip. The gate's work is simulated as time, so its proofs may be empty. */
export class OurGossip implements Spreading<GossipProtocol> {
  readonly name: string
  readonly blames: ReadonlySet<string> = new Set(['malformed', 'violation', 'wrong proof'])
  readonly joining: readonly Command[] = [
    { type: 'subscribe', subscriber: 0, party: 'app', dataType: DATA_TYPE },
    { type: 'start' }
  ]
  private readonly config: Partial<GossipConfig>
  private readonly ttl: number
  /** The last message sent and its size: one sent to many peers is measured once */
  private measured: { message: Message; bytes: number } | undefined

  /** @param ttl - of what is published; 0 is unlimited */
  constructor(config: Partial<GossipConfig> = {}, ttl = 0, name = 'hearsay') {
    this.name = name
    this.config = config
    this.ttl = ttl
  }

  createEngine({ self, random, known }: EngineInit): GossipEngine {
    const knownPeers = known.map(addressOf)
    return new GossipEngine({
      self,
      random,
      config: { ...engineDefaults, ...this.config, difficultyBits: 0, knownPeers }
    })
  }

  publish(data: Uint8Array): Command {
    return { type: 'announce', party: 'app', dataType: DATA_TYPE, data, ttl: this.ttl }
  }

  answer(ask: Ask, send: (answer: Answer) => void, { solve, isValid }: AskContext): void {
    switch (ask.type) {
      case 'solve': {
        const { peer, challenge } = ask
        return solve(() => send({ type: 'solved', peer, challenge, nonce: 0n }))
      }
      case 'validate': {
        const { ticket, subscriber, announce } = ask
        return send({ type: 'verdict', ticket, subscriber, valid: isValid(announce.data) })
      }
      case 'addresses':
        return send({
          type: 'addresses',
          asker: ask.asker,
          question: ask.question,
          addresses: ask.peers.map(addressOf)
        })
    }
  }

  target(_peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
    return addresses[0]?.split('/p2p/')[1] as PeerKey | undefined
  }

  bytes(message: Message): number {
    if (this.measured?.message !== message) {
      this.measured = { message, bytes: PREFIX_BYTES + encode(message).byteLength }
    }

    return this.measured.bytes
  }

  payloadOf(message: Message): Uint8Array | undefined {
    return message.type === 'announce' ? message.data : undefined
  }

  forge(message: Message, data: Uint8Array): Message | undefined {
    return message.type === 'announce' ? { ...message, data } : undefined
  }

  deliveredBy(event: Event): Uint8Array | undefined {
    return event.type === 'message' ? event.announce.data : undefined
  }

  neighbourBy(event: Event): { peer: PeerKey; joined: boolean } | undefined {
    return event.type === 'verified' || event.type === 'lost'
      ? { peer: event.peer, joined: event.type === 'verified' }
      : undefined
  }

  blamedBy(): undefined {
    return undefined
  }
}
