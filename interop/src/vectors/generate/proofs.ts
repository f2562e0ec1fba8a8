import { createHash } from 'node:crypto'
import { proves } from '@hearsay/protocol-gossip/pow'
import { hex64, integer, list, object, text } from '../json.ts'
import { entries, original } from './originals.ts'
import type { JsonObject } from '../json.ts'
import type { Vector } from '../messages/vector.ts'

const SECTIONS = ['g1_final_peer_challenge', 'g1_before_2021-09-11_peer_challenge']

/** Proofs of work that the originals found, and what only looks like them */
export function proofVectors(): Vector[] {
  const pow = object(original('gossip.json')['pow'], 'pow')
  const found = SECTIONS.flatMap((name) => {
    const section = object(pow[name], name)
    return entries(list(section['vectors'], 'vectors')).map((entry) => ({ entry, bits: integer(section, 'bits') }))
  })
  return [
    ...found.map(({ entry, bits }) => right(entry, bits)),
    ...found.flatMap(({ entry, bits }) => wrong(entry, bits))
  ]
}

function right(entry: JsonObject, bits: number): Vector {
  const hex = text(entry, 'challengeHex') + text(entry, 'nonceHex')
  const fields = { bits, sha256: createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex') }
  return { name: `${bits} bits, challenge ${text(entry, 'challengeHex')}`, hex, fields, ok: true }
}

/** What each mistake makes of it, where it does not prove by chance */
function wrong(entry: JsonObject, bits: number): Vector[] {
  const [challenge, nonce] = [hex64(entry, 'challengeHex'), hex64(entry, 'nonceHex')]
  const mistakes: Record<string, [bigint, bigint]> = {
    'the nonce before it': [challenge, (nonce - 1n) & (2n ** 64n - 1n)],
    'nonce and challenge swapped': [nonce, challenge],
    'a little-endian nonce': [challenge, reversed(nonce)],
    'a little-endian challenge': [reversed(challenge), nonce]
  }
  return Object.entries(mistakes)
    .filter(([, [first, second]]) => !proves(first, second, bits))
    .map(([mistake, [first, second]]) => ({
      name: `${bits} bits, ${mistake}, challenge ${text(entry, 'challengeHex')}`,
      hex: digits(first) + digits(second),
      fields: { bits },
      errorName: 'ProofError'
    }))
}

function digits(value: bigint): string {
  return value.toString(16).padStart(16, '0')
}

function reversed(value: bigint): bigint {
  return Buffer.from(digits(value), 'hex').readBigUInt64LE()
}
