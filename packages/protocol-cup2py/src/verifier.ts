/** Whether users signed their records. Keeps parsed keys: a parse costs as much as a check. */
import { InvalidKeyError, RsaPublicKey } from '@hearsay/protocol-core'
import { BoundedMap, toBase64 } from '@hearsay/protocol-core/pure'
import { MAX_KEYS } from './constants.ts'
import { signedText, userHash } from './record.ts'
import type { RsaLimits, RsaPrivateKey } from '@hearsay/protocol-core'
import type { Verdict } from './contract.ts'
import type { UserRecord } from './record.ts'

export const SCHEME = 'PKCS1-v1_5'

interface Parsed {
  key: RsaPublicKey
  /** Whose key it is */
  hash: string
  /** As Python prints it */
  text: string
}

const encoder = new TextEncoder()

export class RecordVerifier {
  private readonly limits: RsaLimits
  /** By PEM */
  private readonly keys = new BoundedMap<string, Parsed | 'malformed' | 'unsupported'>(MAX_KEYS)

  constructor(limits: RsaLimits) {
    this.limits = limits
  }

  verify(record: UserRecord): Verdict | Promise<Verdict> {
    const parsed = this.parse(record.publicKey)

    if (parsed === 'malformed' || parsed === 'unsupported') {
      return parsed === 'malformed' ? 'invalid' : 'unsupported'
    } else if (record.hash !== parsed.hash) {
      return 'invalid'
    }

    const text = encoder.encode(signedText(parsed.text, record.address, record.date))
    const valid = parsed.key.verify(text, fromBase64(record.signature), SCHEME)
    return typeof valid === 'boolean' ? verdict(valid) : valid.then(verdict)
  }

  private parse(publicKey: string): Parsed | 'malformed' | 'unsupported' {
    const known = this.keys.get(publicKey)

    if (known !== undefined) {
      return known
    }

    const parsed = this.read(publicKey)
    this.keys.set(publicKey, parsed)
    return parsed
  }

  private read(publicKey: string): Parsed | 'malformed' | 'unsupported' {
    try {
      const key = RsaPublicKey.fromPem(publicKey, this.limits)
      return { key, hash: userHash(publicKey), text: keyText(key) }
    } catch (err) {
      if (err instanceof InvalidKeyError) {
        return isKey(publicKey) ? 'unsupported' : 'malformed'
      }

      throw err
    }
  }
}

function isKey(publicKey: string): boolean {
  try {
    RsaPublicKey.fromPem(publicKey, { minBits: 1_024, maxBits: 16_384, anyExponent: true })
    return true
  } catch {
    return false
  }
}

/** What Python prints for a public key */
export function keyText({ n, e }: RsaPublicKey): string {
  return `PublicKey(${n}, ${e})`
}

/** A record of our own */
export async function signRecord(key: RsaPrivateKey, hash: string, address: string, date: string): Promise<UserRecord> {
  const text = signedText(keyText(key.publicKey), address, date)
  const signature = toBase64(await key.sign(encoder.encode(text), SCHEME))
  return { hash, publicKey: key.publicKey.pkcs1Pem, address, date, signature }
}

function verdict(valid: boolean): Verdict {
  return valid ? 'valid' : 'invalid'
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}
