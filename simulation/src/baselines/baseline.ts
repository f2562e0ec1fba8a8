/** What the protocols that ours is compared with have in common: models of rules, not of programs. */
import { isValid } from '../swarm/payload.ts'
import type { Effect, Input, PeerKey } from '@hearsay/protocol-core/pure'
import type { EngineOf } from '../network/network.ts'
import type { EngineInit, Spreading } from '../swarm/spreading.ts'

export interface Publish {
  type: 'publish'
  payload: Uint8Array
}
export type Command = { type: 'start' } | Publish
export type Event =
  | { type: 'delivered'; payload: Uint8Array }
  | { type: 'neighbour'; peer: PeerKey; joined: boolean }
  | { type: 'blamed'; peer: PeerKey }

/** A payload under way, in all of these protocols */
export interface Payload {
  type: 'payload'
  id: bigint
  payload: Uint8Array
}

/** A protocol without slow work */
export interface BaselineProtocol<Message extends { type: string }> {
  message: Message | Payload
  command: Command
  answer: never
  event: Event
  ask: never
}

export type BaselineInput<Message> = Input<Message | Payload, Command, never>
export type BaselineEffect<Message> = Effect<Message | Payload, Event, never>

/** A frame's length, type and id, as ours has them */
const HEADER_BYTES = 16

/** The face that all baselines show to experiments. */
export class Baseline<Message extends { type: string }> implements Spreading<BaselineProtocol<Message>> {
  readonly name: string
  readonly blames: ReadonlySet<string> = new Set()
  readonly joining: readonly Command[] = [{ type: 'start' }]
  private readonly create: (init: EngineInit) => EngineOf<BaselineProtocol<Message>>
  private readonly bodyBytes: (message: Message) => number

  /** @param bodyBytes - of messages that are no payload, beyond the header */
  constructor(
    name: string,
    create: (init: EngineInit) => EngineOf<BaselineProtocol<Message>>,
    bodyBytes: (message: Message) => number
  ) {
    this.name = name
    this.create = create
    this.bodyBytes = bodyBytes
  }

  createEngine(init: EngineInit): EngineOf<BaselineProtocol<Message>> {
    return this.create(init)
  }

  publish(payload: Uint8Array): Command {
    return { type: 'publish', payload }
  }

  answer(): void {}

  target(peer: PeerKey | undefined): PeerKey | undefined {
    return peer
  }

  bytes(message: Message | Payload): number {
    return HEADER_BYTES + (isPayload(message) ? message.payload.byteLength : this.bodyBytes(message))
  }

  payloadOf(message: Message | Payload): Uint8Array | undefined {
    return isPayload(message) ? message.payload : undefined
  }

  forge(message: Message | Payload, payload: Uint8Array): Message | Payload | undefined {
    return isPayload(message) ? { ...message, payload } : undefined
  }

  deliveredBy(event: Event): Uint8Array | undefined {
    return event.type === 'delivered' && isValid(event.payload) ? event.payload : undefined
  }

  neighbourBy(event: Event): { peer: PeerKey; joined: boolean } | undefined {
    return event.type === 'neighbour' ? event : undefined
  }

  blamedBy(event: Event): PeerKey | undefined {
    return event.type === 'blamed' ? event.peer : undefined
  }
}

export function isPayload(message: { type: string }): message is Payload {
  return message.type === 'payload'
}
