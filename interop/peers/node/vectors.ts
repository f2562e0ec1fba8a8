/** What this implementation makes of each case in the vector files of interop/vectors/ */
import { constants, createPrivateKey, createPublicKey, privateDecrypt, verify as verifySignature } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { hasFault } from './fault.ts'
import { decode, dialects, encode, frameSize, Splitter } from './frames.ts'
import { checkVector, isKnown } from './message-vectors.ts'
import { proves, sum } from './proof.ts'
import { same, shown } from './same.ts'
import type { KeyObject } from 'node:crypto'
import type { Dialect } from './frames.ts'
import type { Vector } from './message-vectors.ts'

interface VectorReport {
  /** How many cases of each section */
  checked: Record<string, number>
  /** Which of them, and why */
  failed: string[]
}

type Json = Record<string, unknown>
type Check = (entry: Json, content: Json) => void

const FILES: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  'gossip.json': {
    api: valid(dialects.api),
    api_malformed: malformed(dialects.api),
    g1_final: valid(dialects.g1_final),
    g1_midterm: valid(dialects.g1_midterm),
    g2_document: validG2,
    'pow.g1_final_peer_challenge': proofOf(24),
    'pow.g1_before_2021-09-11_peer_challenge': proofOf(16)
  },
  'gossip-malformed.json': {
    api_malformed: malformed(dialects.api),
    g1_final_malformed: malformed(dialects.g1_final),
    g1_midterm_malformed: malformed(dialects.g1_midterm),
    g2_document_malformed: malformed(dialects.g2_document)
  },
  'rsa.json': { signatures: signature, encryptions: encryption }
}

export function verify(paths: readonly string[]): VectorReport {
  const report: VectorReport = { checked: {}, failed: [] }

  for (const path of paths) {
    const [file, content] = [basename(path), JSON.parse(readFileSync(path, 'utf8')) as Json | Json[]]

    if (Array.isArray(content) && isKnown(file)) {
      const check: Check = (vector) => checkVector(file, vector as unknown as Vector)
      verifySection(`${file}#vectors`, content, {}, check, report)
    } else if (!Array.isArray(content)) {
      verifySections(file, content, report)
    }
  }

  return report
}

function verifySections(file: string, content: Json, report: VectorReport): void {
  for (const [section, check] of Object.entries(FILES[file] ?? {})) {
    verifySection(`${file}#${section}`, casesOf(content, section), content, check, report)
  }
}

function verifySection(where: string, cases: readonly Json[], content: Json, check: Check, report: VectorReport): void {
  report.checked[where] = cases.length

  for (const [at, entry] of cases.entries()) {
    try {
      if (!hasFault('lazy-vectors')) {
        check(entry, content)
      }
    } catch (err) {
      report.failed.push(`${where}[${at}]: ${(err as Error).message}`)
    }
  }
}

function casesOf(content: Json, section: string): Json[] {
  const [outer = '', inner] = section.split('.')
  return (inner === undefined ? content[outer] : (content[outer] as Record<string, Json>)[inner]!['vectors']) as Json[]
}

function bytes(entry: Json, name: string): Buffer {
  return Buffer.from(entry[name] as string, 'hex')
}

function valid(dialect: Dialect): Check {
  return (entry) => {
    const frame = bytes(entry, 'hex')
    same('the size', frameSize(frame), frame.length)
    const message = decode(dialect, frame)

    for (const [name, expected] of Object.entries(entry['fields'] as Json)) {
      same(name, shown(message, name), expected)
    }

    if ((message.numbers['reserved'] ?? 0n) === 0n) {
      const { name, addresses, ...draft } = message
      const again = encode(dialect, name, addresses.length === 0 ? draft : { ...draft, addresses })
      same('the frame', again.toString('hex'), entry['hex'])
    }
  }
}

/** An announce, or a whole handshake */
function validG2(entry: Json, content: Json): void {
  const dialect = dialects.g2_document

  if (entry['initHex'] === undefined) {
    return valid(dialect)(entry, content)
  }

  const { challenge } = decode(dialect, bytes(entry, 'initHex')).numbers
  const { nonce } = decode(dialect, bytes(entry, 'verifyHex')).numbers
  same('whether it proves', proves(challenge!, nonce!, 24), entry['valid'])

  if (entry['valid'] === true) {
    same('OK', encode(dialect, 'verdict').toString('hex'), entry['okHex'])
  }
}

function malformed(dialect: Dialect): Check {
  return (entry) => {
    const [, first = '0'] = /^first (\d+) bytes/.exec(entry['expected'] as string) ?? []
    same('bytes taken', taken(dialect, bytes(entry, 'hex')), Number(first))
  }
}

/** Bytes of the messages before the first that is none */
function taken(dialect: Dialect, data: Buffer): number {
  let count = 0

  try {
    new Splitter().push(data, (frame) => {
      decode(dialect, frame)
      count += frame.length
    })
  } catch {
    // refused, which is counted too
  }

  return count
}

function proofOf(bits: number): Check {
  return (entry) => {
    const [challenge, nonce] = [BigInt(`0x${String(entry['challengeHex'])}`), BigInt(`0x${String(entry['nonceHex'])}`)]
    same('the sum', sum(challenge, nonce).toString('hex'), entry['sha256'])
    same('the number', String(nonce), entry['smallestNonce'])
    same('whether it proves', proves(challenge, nonce, bits), true)
  }
}

const SALT_BYTES = 32

function signature(entry: Json, content: Json): void {
  const key = publicKey(keyOf(entry, content))
  const saltLength = hasFault('pss-salt') ? constants.RSA_PSS_SALTLEN_AUTO : SALT_BYTES
  const scheme =
    entry['scheme'] === 'PSS'
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
      : { key, padding: constants.RSA_PKCS1_PADDING }
  const [data, signed] = ['data', 'signature'].map((name) => Buffer.from(entry[name] as string, 'base64'))
  same('whether it is accepted', verifySignature('sha256', data!, scheme, signed!), entry['valid'])
}

function encryption(entry: Json, content: Json): void {
  const { pkcs8Pem, privatePem } = keyOf(entry, content)
  const key = createPrivateKey((pkcs8Pem ?? privatePem) as string)
  const options = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  let plain: string | null = null

  try {
    plain = privateDecrypt(options, Buffer.from(entry['ciphertext'] as string, 'base64')).toString('base64')
  } catch {
    // refused, as some must be
  }

  same('the plaintext', plain, entry['plaintext'])
}

function keyOf(entry: Json, content: Json): Json {
  return (content['keys'] as Record<string, Json>)[entry['key'] as string]!
}

function publicKey({ spki, publicPem }: Json): KeyObject {
  return typeof spki === 'string'
    ? createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
    : createPublicKey(publicPem as string)
}
