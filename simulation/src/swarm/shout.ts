import { decodeMessages, decodeValue, encodeValue } from '@hearsay/protocol-shout/codec'
import { engineDefaults, Opcode, ShoutEngine } from '@hearsay/protocol-shout/engine'
import { isValid } from './payload.ts'
import { BITS, fakeAnswer, fakeKey } from '../shout-crypto.ts'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Answer, Ask, Command, Event, ShoutConfig, Transmission } from '@hearsay/protocol-shout/engine'
import type { EffectOf, EngineOf, InputOf } from '../network/network.ts'
import type { AskContext, EngineInit, Spreading } from './spreading.ts'

export interface ShoutProtocol {
  message: Transmission
  command: Command
  answer: Answer
  event: Event
  ask: Ask
}

/** The same with a command that tells a node where it is and whom it knows */
export interface ShoutNodeProtocol extends Omit<ShoutProtocol, 'command'> {
  command: Command | { type: 'start' }
}

/** ms since 1970 at the start of a run */
export const EPOCH = 1_700_000_000_000
const HEADER_BYTES = 6
const PREFIX = '/sim/p2p/'
const NO_CALL = 0
const RETRY = 'join'
const RETRY_AFTER: Millis = 5_000

export const shoutAddress = (peer: PeerKey): string => PREFIX + peer

export function shoutTarget(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
  return peer ?? (addresses[0]?.split('/p2p/')[1] as PeerKey | undefined)
}

export function transmissionBytes({ body }: Transmission): number {
  return HEADER_BYTES + body.byteLength
}

/** The engine of packages/protocol-shout, with stand-ins for RSA. The application decides what is passed on. */
export class OurShout implements Spreading<ShoutNodeProtocol> {
  readonly name: string
  readonly blames: ReadonlySet<string> = new Set(['malformed', 'violation'])
  readonly joining: readonly ShoutNodeProtocol['command'][] = [{ type: 'start' }]
  private readonly config: Partial<ShoutConfig>
  /** By body: one is sent to many peers */
  private readonly payloads = new WeakMap<Uint8Array, { payload: Uint8Array | undefined }>()

  constructor(config: Partial<ShoutConfig> = {}, name = 'hearsay shout') {
    this.config = config
    this.name = name
  }

  createEngine({ self, random, known }: EngineInit): EngineOf<ShoutNodeProtocol> {
    const engine = new ShoutEngine({
      self,
      key: fakeKey(self),
      config: { ...engineDefaults, listed: false, ...this.config },
      random,
      epoch: EPOCH,
      asks: { shout: true, speak: false }
    })
    return new ShoutNode(engine, self, known)
  }

  publish(payload: Uint8Array): Command {
    return { type: 'shout', call: NO_CALL, payload: encodeValue(payload) }
  }

  answer(ask: Ask, send: (answer: Answer) => void, context: AskContext): void {
    if (ask.type === 'relay') {
      const { value } = ask.message
      return send({ type: 'relay', ticket: ask.ticket, allowed: value instanceof Uint8Array && context.isValid(value) })
    }

    send(fakeAnswer(ask))
  }

  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
    return shoutTarget(peer, addresses)
  }

  bytes(message: Transmission): number {
    return transmissionBytes(message)
  }

  payloadOf({ body }: Transmission): Uint8Array | undefined {
    let known = this.payloads.get(body)

    if (known === undefined) {
      const shout = decodeMessages(body, BITS).find(({ opcode }) => opcode === Opcode.SHOUT)
      const value = shout && decodeValue(shout.payload)
      known = { payload: value instanceof Uint8Array ? value : undefined }
      this.payloads.set(body, known)
    }

    return known.payload
  }

  /** The signature stays, as nobody can make another: it is wrong now */
  forge({ compression, body }: Transmission, payload: Uint8Array): Transmission | undefined {
    const place = decodeMessages(body, BITS).find(({ opcode }) => opcode === Opcode.SHOUT)?.payload
    const value = encodeValue(payload)

    if (place?.byteLength !== value.byteLength) {
      return undefined
    }

    const forged = body.slice()
    forged.set(value, place.byteOffset - body.byteOffset)
    return { compression, body: forged }
  }

  deliveredBy(event: Event): Uint8Array | undefined {
    const value = event.type === 'heard' ? event.message.value : undefined
    return value instanceof Uint8Array && isValid(value) ? value : undefined
  }

  neighbourBy(event: Event): { peer: PeerKey; joined: boolean } | undefined {
    return event.type === 'peer' ? { peer: event.peer, joined: event.on } : undefined
  }

  blamedBy(): undefined {
    return undefined
  }
}

/** An engine, and an application that connects it to whom it knows, again and again while it has no peer */
class ShoutNode implements EngineOf<ShoutNodeProtocol> {
  private readonly engine: EngineOf<ShoutProtocol>
  private readonly joining: Command[]
  private peers = 0

  constructor(engine: EngineOf<ShoutProtocol>, self: PeerKey, known: readonly PeerKey[]) {
    this.engine = engine
    this.joining = [
      { type: 'listening', address: shoutAddress(self) },
      ...known.map((peer) => ({ type: 'connect' as const, address: shoutAddress(peer) }))
    ]
  }

  handle(input: InputOf<ShoutNodeProtocol>, now: Millis): EffectOf<ShoutProtocol>[] {
    if (input.type === 'timer' && input.key === RETRY) {
      return this.peers === 0 ? this.join(now) : []
    } else if (input.type !== 'command') {
      return this.observe(this.engine.handle(input, now))
    }

    const { command } = input
    return command.type === 'start' ? this.join(now) : this.engine.handle({ type: 'command', command }, now)
  }

  private join(now: Millis): EffectOf<ShoutProtocol>[] {
    return [
      ...this.joining.flatMap((command) => this.engine.handle({ type: 'command', command }, now)),
      { type: 'arm', key: RETRY, at: now + RETRY_AFTER }
    ]
  }

  private observe(effects: EffectOf<ShoutProtocol>[]): EffectOf<ShoutProtocol>[] {
    for (const effect of effects) {
      if (effect.type === 'emit' && effect.event.type === 'peer') {
        this.peers += effect.event.on ? 1 : -1
      }
    }

    return effects
  }
}
