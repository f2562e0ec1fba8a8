/** An engine alone, with stand-ins for keys and signatures: as long as real ones, and worthless. */
import { createHash } from 'node:crypto'
import { EngineScript } from '@hearsay/protocol-core/testing'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { decodeMessages, decodeValue, encodeValue, unsignedMessage } from '@hearsay/protocol-shout/codec'
import { engineDefaults, Opcode, ShoutEngine } from '@hearsay/protocol-shout/engine'
import type { Direction, PeerKey } from '@hearsay/protocol-core/pure'
import type { SignedMessage, Value } from '@hearsay/protocol-shout/codec'
import type {
  Answer,
  Ask,
  Command,
  Event,
  ShoutConfig,
  ShoutEffect,
  ShoutEngineInit,
  Transmission
} from '@hearsay/protocol-shout/engine'

const BITS = 2_048
const SIGNATURE_BYTES = 256

export const peer = (name: string | number): PeerKey => `peer-${name}` as PeerKey

/** The DER of a public key that belongs to a name */
export function fakeKey(name: string | number): Uint8Array {
  const prefix = Buffer.from('30820122300d06092a864886f70d01010105000382010f003082010a0282010100', 'hex')
  const modulus = stretch(`key of ${name}`, SIGNATURE_BYTES)
  modulus[0]! |= 0x80
  modulus[SIGNATURE_BYTES - 1]! |= 1
  return Uint8Array.from(Buffer.concat([prefix, modulus, Uint8Array.of(2, 3, 1, 0, 1)]))
}

export interface Said {
  opcode?: number
  from?: string | number
  to?: string | number
  value: Value
  sealed?: boolean
}

/** Without a signature */
export function message({
  opcode = Opcode.SHOUT,
  from = 'author',
  to = from,
  value,
  sealed = false
}: Said): Uint8Array {
  return unsignedMessage(BITS, {
    opcode,
    sealed,
    from: fakeKey(from),
    to: fakeKey(to),
    payload: encodeValue(value)
  })
}

let count = 0

/** With a signature that `isTrue` believes */
export function signed(said: Said): Uint8Array {
  const bytes = message(said)
  sign(bytes)
  return bytes
}

function sign(bytes: Uint8Array): void {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(count++))
  bytes.set(signatureOf(bytes.subarray(SIGNATURE_BYTES), number))
}

export function isTrue(data: Uint8Array, signature: Uint8Array): boolean {
  return Buffer.from(signatureOf(data, signature.subarray(SIGNATURE_BYTES - 8))).equals(signature)
}

function signatureOf(data: Uint8Array, number: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(data).update(number).digest()
  return Uint8Array.from(Buffer.concat([stretch(hash.toString('hex'), SIGNATURE_BYTES - 8), number]))
}

function stretch(text: string, length: number): Buffer {
  const parts = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${text}${i}`).digest()
  )
  return Buffer.concat(parts).subarray(0, length)
}

/** Drives an engine; asks are answered at once unless they are held back. */
export class ShoutScript extends EngineScript<Transmission, Command, Answer, Event, Ask> {
  /** Asks of these types wait in `held` */
  readonly hold = new Set<Ask['type']>()
  readonly held: Ask[] = []
  calls = 0
  private readonly limit: number

  constructor(config: Partial<ShoutConfig> = {}, init: Partial<ShoutEngineInit> = {}) {
    super(
      new ShoutEngine({
        self: peer('self'),
        key: fakeKey('self'),
        config: { ...engineDefaults, listed: false, ...config },
        random: seededRandom(1),
        epoch: 1_700_000_000_000,
        ...init
      })
    )
    this.limit = config.limit ?? engineDefaults.limit
  }

  /** All effects, those of answers included, without the asks that were answered */
  override input(
    input: Parameters<EngineScript<Transmission, Command, Answer, Event, Ask>['input']>[0]
  ): ShoutEffect[] {
    return super.input(input).flatMap((effect) => {
      if (effect.type !== 'ask') {
        return [effect]
      } else if (this.hold.has(effect.ask.type)) {
        this.held.push(effect.ask)
        return []
      }

      return this.answer(answerTo(effect.ask))
    })
  }

  /** Answers one that was held back */
  release(ask: Ask): ShoutEffect[] {
    this.held.splice(this.held.indexOf(ask), 1)
    return this.answer(answerTo(ask))
  }

  connected(name: string | number, direction: Direction = 'inbound', group = ''): ShoutEffect[] {
    return this.input({ type: 'connected', peer: peer(name), direction, protocol: '', group })
  }

  disconnected(name: string | number): ShoutEffect[] {
    return this.input({ type: 'disconnected', peer: peer(name) })
  }

  /** One transmission */
  says(name: string | number, ...messages: Uint8Array[]): ShoutEffect[] {
    const body = Uint8Array.from(Buffer.concat(messages))
    return this.input({ type: 'message', peer: peer(name), message: { compression: 0, body } })
  }

  /** A peer that agreed on the subnet and proved its key, which is that of its name */
  bind(name: string | number, direction: Direction = 'inbound', group = ''): ShoutEffect[] {
    return [
      ...this.connected(name, direction, group),
      ...this.says(name, subnetOf(name, '', this.limit), connectionOf(name))
    ]
  }

  call(command: Record<string, unknown>): ShoutEffect[] {
    return this.command({ ...command, call: this.calls++ } as Command)
  }
}

/** The first option of a peer */
export function subnetOf(name: string | number, description = '', limit = 8): Uint8Array {
  return signed({
    opcode: Opcode.SET_CONNECTION_OPT,
    from: name,
    value: [2, [20, 3, 256, 2_048, limit, 'libp2p', description]]
  })
}

/** The second: which connection its key belongs to */
export function connectionOf(name: string | number, theirs = peer(name), ours = peer('self')): Uint8Array {
  return signed({ opcode: Opcode.SET_CONNECTION_OPT, from: name, value: [3, [theirs, ours]] })
}

/** What the service would answer; nothing is encrypted, what is sealed only says so */
export function answerTo(ask: Ask): Answer {
  const { ticket } = ask

  switch (ask.type) {
    case 'sign': {
      const { opcode, from, to, payload, seal } = ask
      const bytes = unsignedMessage(BITS, { opcode, from, to, payload, sealed: seal })
      sign(bytes)
      return { type: 'signed', ticket, bytes }
    }
    case 'verify':
      return { type: 'verified', ticket, valid: ask.checks.map(({ data, signature }) => isTrue(data, signature)) }
    case 'inflate':
      return { type: 'inflated', ticket, body: undefined }
    case 'open':
      return { type: 'opened', ticket, payload: ask.message.payload }
    case 'relay':
      return { type: 'relay', ticket, allowed: true }
  }
}

/** Messages sent, by peer */
export function sent(effects: ShoutEffect[]): { to: PeerKey; opcode: number; value: Value; message: SignedMessage }[] {
  return effects.flatMap((effect) =>
    effect.type === 'send'
      ? decodeMessages(effect.message.body, BITS).map((each) => ({
          to: effect.peer,
          opcode: each.opcode,
          value: decodeValue(each.payload),
          message: each
        }))
      : []
  )
}

export function events<T extends Event['type']>(effects: ShoutEffect[], type: T): Extract<Event, { type: T }>[] {
  return effects.flatMap((effect) =>
    effect.type === 'emit' && effect.event.type === type ? [effect.event as Extract<Event, { type: T }>] : []
  )
}

/** Values heard */
export function heardIn(effects: ShoutEffect[]): Value[] {
  return events(effects, 'heard').map((event) => event.message.value)
}

export function closes(effects: ShoutEffect[]): [PeerKey, string][] {
  return effects.flatMap((effect) =>
    effect.type === 'close' ? [[effect.peer, effect.reason] as [PeerKey, string]] : []
  )
}

/** A signature over anything */
export function signatureFor(data: Uint8Array): Uint8Array {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(count++))
  return signatureOf(data, number)
}

/** A signed message whose payload is no value */
export function signedRubbish(payload: Uint8Array): Uint8Array {
  const key = fakeKey('author')
  const bytes = unsignedMessage(BITS, { opcode: Opcode.SHOUT, sealed: false, from: key, to: key, payload })
  sign(bytes)
  return bytes
}
