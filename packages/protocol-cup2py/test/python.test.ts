import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { RecordVerifier, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { parseDate } from '@hearsay/protocol-cup2py/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPrivateKeyPem } from './users.ts'

const python = ['python3', 'python'].find((name) => spawnSync(name, ['-c', 'import rsa']).status === 0)

if (python === undefined) {
  console.info('no Python with the package rsa: that records verify there too is shown by the vectors alone')
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../interop/vectors/originals/cup2py.json', import.meta.url), 'utf8')
) as {
  keys: { privatePem: string }[]
}
/** Of 1,024 bits, as the library's own, and of 2,048 */
const keys = [vectors.keys[0]!.privatePem, RsaPrivateKey.fromPem(createPrivateKeyPem()).pkcs1Pem]

const chars = fc.constantFrom(
  ...Array.from(
    'aZ0/.: \t\n\r\\\'"\u{0}\u{1b}\u{7f}\u{85}\u{a0}\u{ad}éß\u{200b}\u{2028}€日\u{d7ff}\u{e000}\u{ffff}😀\u{10ffff}'
  )
)
const addresses = fc.sample(fc.string({ unit: chars, maxLength: 24 }), { numRuns: 60, seed: 1 })
const dates = [
  '2023-04-27 22:25:19.167142',
  '2024-02-29 00:00:00.000001',
  '0999-12-31 23:59:59.999999',
  '2023-01-01 10:00:00',
  '2023-01-01 10:00:30'
]
const cases = addresses.map((address, i) => ({ key: i % keys.length, address, date: dates[i % dates.length]! }))

/** What the library does with a record: it signs, or checks, what Python prints for the tuple */
const SCRIPT = `
import base64, datetime, json, sys
import rsa
given = json.load(sys.stdin)
private = [rsa.PrivateKey.load_pkcs1(pem.encode()) for pem in given['keys']]

def text(key, case):
    public = rsa.PublicKey(key.n, key.e)
    return public, str((public, case['address'], datetime.datetime(*case['parts']))).encode()

def outcome(case):
    key = private[case['key']]
    public, message = text(key, case)
    if 'signature' in case:
        loaded = rsa.PublicKey.load_pkcs1(case['publicKey'].encode())
        return rsa.verify(message, base64.b64decode(case['signature']), loaded)
    return {'publicKey': public.save_pkcs1().decode(),
            'signature': base64.b64encode(rsa.sign(message, key, 'SHA-256')).decode()}

json.dump([outcome(case) for case in given['cases']], sys.stdout)
`

interface Case {
  key: number
  address: string
  date: string
  publicKey?: string
  signature?: string
}

/** @returns for each what is signed, or by which hash its signature was verified */
function runPython(all: readonly Case[]): unknown[] {
  const given = all.map((each) => ({ ...each, parts: Object.values(parseDate(each.date)!) }))
  const input = JSON.stringify({ keys, cases: given })
  const { stdout, stderr, status } = spawnSync(python!, ['-c', SCRIPT], { input, encoding: 'utf8', maxBuffer: 2 ** 26 })

  if (status !== 0) {
    throw new Error(stderr)
  }

  return JSON.parse(stdout) as unknown[]
}

describe.skipIf(python === undefined)('with Python’s own words and its package rsa', () => {
  const verifier = new RecordVerifier({ minBits: 1_024 })
  const sign = async ({ key, address, date }: Case): Promise<Required<Case>> => {
    const pair = RsaPrivateKey.fromPem(keys[key]!, { minBits: 1_024 })
    return { key, ...(await signRecord(pair, userHash(pair.publicKey.pkcs1Pem), address, date)) }
  }

  it('what is signed there verifies here, and is the same to the last bit', async () => {
    for (const [i, signed] of runPython(cases).entries()) {
      const { publicKey, signature } = signed as { publicKey: string; signature: string }
      const { address, date } = cases[i]!
      expect(await verifier.verify({ hash: userHash(publicKey), publicKey, address, date, signature })).toBe('valid')
      expect(signature).toBe((await sign(cases[i]!)).signature)
    }
  }, 60_000)

  it('what is signed here verifies there, and what was altered does not', async () => {
    const signed = await Promise.all(cases.map(sign))
    expect(runPython(signed)).toEqual(signed.map(() => 'SHA-256'))
    expect(() => runPython([{ ...signed[0]!, address: `${signed[0]!.address}!` }])).toThrow('Verification failed')
  }, 60_000)
})
