import { RsaPublicKey, systemRandom } from '@hearsay/protocol-core'
import { InvalidParametersError } from '@hearsay/protocol-core/pure'
import { SUCCESSION_TIME } from './constants.ts'
import { KeyTable } from './key-table.ts'
import { headerBytes, sameBytes, unsignedMessage } from './message.ts'
import { seal, unseal } from './seal.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { Ask, SignatureCheck } from './contract.ts'
import type { SignedMessage } from './message.ts'

type AskOf<T extends Ask['type']> = Extract<Ask, { type: T }>

/** Public keys kept parsed: a verification costs twice as much without */
const MAX_PARSED = 4_096

/** Our keys, and those of others as far as they were met lately. */
export class KeyRing {
  readonly bits: number
  private current: RsaPrivateKey
  private previous: { key: RsaPrivateKey; until: number } | undefined
  private readonly parsed = new KeyTable<RsaPublicKey | undefined>(MAX_PARSED, systemRandom)

  /** @throws {InvalidParametersError} unless the key has this many bits */
  constructor(key: RsaPrivateKey, bits: number) {
    this.bits = bits
    this.current = this.check(key)
  }

  get publicKey(): RsaPublicKey {
    return this.current.publicKey
  }

  /** The old key is kept for a day, for what is still sent to it */
  change(next: RsaPrivateKey): void {
    this.previous = { key: this.current, until: performance.now() + SUCCESSION_TIME }
    this.current = this.check(next)
  }

  check(key: RsaPrivateKey): RsaPrivateKey {
    if (key.publicKey.bits !== this.bits) {
      throw new InvalidParametersError('key', `must have ${this.bits} bits (beta), and has ${key.publicKey.bits}`)
    }

    return key
  }

  /** The whole message, sealed if asked for, and signed */
  async sign({ opcode, from, to, payload, seal: wanted }: Omit<AskOf<'sign'>, 'type' | 'ticket'>): Promise<Uint8Array> {
    const start = this.bits / 8
    const bytes = unsignedMessage(this.bits, {
      opcode,
      sealed: wanted,
      from,
      to,
      payload: wanted ? await this.seal(opcode, from, to, payload) : payload
    })
    bytes.set(await this.own(from).sign(bytes.subarray(start), 'PSS'))
    return bytes
  }

  /** The answers come at once or as a promise, whichever is faster now */
  verify(checks: readonly SignatureCheck[]): boolean[] | Promise<boolean[]> {
    const results = checks.map(({ key, data, signature }) => this.parse(key)?.verify(data, signature, 'PSS') ?? false)
    return results.every((each) => typeof each === 'boolean') ? results : Promise.all(results.map(async (each) => each))
  }

  /** @throws {DecodeError} unless it was sealed to a key of ours */
  async open(message: SignedMessage): Promise<Uint8Array> {
    return unseal(this.own(message.to), message)
  }

  private async seal(opcode: number, from: Uint8Array, to: Uint8Array, payload: Uint8Array): Promise<Uint8Array> {
    const header = unsignedMessage(this.bits, { opcode, sealed: true, from, to, payload: new Uint8Array(0) })
    const key = this.parse(to) ?? RsaPublicKey.fromSpki(to)
    return seal(key, header.subarray(this.bits / 8 + 4, headerBytes(this.bits)), payload)
  }

  private own(key: Uint8Array): RsaPrivateKey {
    const { previous } = this
    const isOld = previous !== undefined && previous.until > performance.now()
    return isOld && sameBytes(key, previous.key.publicKey.spki) ? previous.key : this.current
  }

  private parse(der: Uint8Array): RsaPublicKey | undefined {
    return this.parsed.get(der, (key) => {
      try {
        return RsaPublicKey.fromSpki(key)
      } catch {
        return undefined
      }
    })
  }
}
