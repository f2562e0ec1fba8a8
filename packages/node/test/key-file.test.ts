import { generateKeyPairSync, randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from '@hearsay/node'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KEY_FILE, loadHostkey, loadIdentity } from '../src/key-file.ts'
import type { KeyObject } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'

let dir = ''
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'hearsay-key-test-'))))
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const nameOf = (key: PrivateKey): string => peerIdFromPrivateKey(key).toString()

/** The message of the StartError; any other outcome fails */
async function problem(load: Promise<unknown>): Promise<string> {
  const outcome = await load.catch((err: unknown) => err)

  if (outcome instanceof StartError && outcome.name === 'StartError') {
    return outcome.message
  }

  throw new Error('a StartError was expected', { cause: outcome })
}

describe('the identity', () => {
  const pathOf = (): string => join(dir, KEY_FILE)

  it('is made once, for its owner alone, in a directory for its owner alone', async () => {
    const data = join(dir, 'new', 'data')
    await loadIdentity(data)
    expect(statSync(data).mode & 0o777).toBe(0o700)
    expect(statSync(join(data, KEY_FILE)).mode & 0o777).toBe(0o600)
  })

  it('leaves no draft beside it', async () => {
    await loadIdentity(dir)
    expect(readdirSync(dir)).toEqual([KEY_FILE])
  })

  it('is the same ever after', async () => {
    const first = await loadIdentity(dir)
    expect(nameOf(await loadIdentity(dir))).toBe(nameOf(first))
  })

  it('is one where many start at once for the first time', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, async () => loadIdentity(dir)))
    const later = await loadIdentity(dir)
    expect(new Set([...all, later].map(nameOf)).size).toBe(1)
    expect(readdirSync(dir)).toEqual([KEY_FILE])
  })

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (good: Buffer) => good.subarray(0, 40)],
    ['not one', () => Buffer.from('-----BEGIN PRIVATE KEY-----')],
    ['of a type that libp2p does not know', (good: Buffer) => Buffer.concat([Buffer.of(8, 9), good.subarray(2)])]
  ])('that is %s is refused with what to do, and left as it is', async (_name, damage) => {
    await loadIdentity(dir)
    const damaged = damage(readFileSync(pathOf()))
    writeFileSync(pathOf(), damaged)
    expect(await problem(loadIdentity(dir))).toBe(
      `${pathOf()} holds no libp2p private key: restore it from a copy, or move it away for a new identity`
    )
    expect(readFileSync(pathOf())).toEqual(damaged)
  })

  it('is refused with any bit flipped, or is still the same one', async () => {
    const original = nameOf(await loadIdentity(dir))
    const good = readFileSync(pathOf())
    const others: [number, string][] = []

    for (let bit = 0; bit < good.byteLength * 8; bit++) {
      const flipped = Buffer.from(good)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(pathOf(), flipped)
      const name = await loadIdentity(dir).then(nameOf, (err: Error) => err.name)

      if (name !== original && name !== 'StartError') {
        others.push([bit, name])
      }
    }

    expect(others).toEqual([])
  })

  it('that is a directory is refused by the name of the data directory', async () => {
    mkdirSync(pathOf())
    expect(await problem(loadIdentity(dir))).toMatch(`cannot use the data directory ${dir}: EISDIR`)
  })

  it.each(['file', 'file/below'])('cannot be kept in %s', async (path) => {
    writeFileSync(join(dir, 'file'), 'mine')
    expect(await problem(loadIdentity(join(dir, path)))).toMatch(`cannot use the data directory ${join(dir, path)}: E`)
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('mine')
  })

  it('cannot be kept where a path leads nowhere', async () => {
    symlinkSync('loop', join(dir, 'loop'))
    expect(await problem(loadIdentity(join(dir, 'loop')))).toMatch(/^cannot use the data directory .*loop: E/)
  })

  it('is never quoted in a message', async () => {
    const secret = randomBytes(16).toString('hex')
    writeFileSync(pathOf(), secret)
    expect(await problem(loadIdentity(dir))).not.toContain(secret)
  })
})

describe('a hostkey', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const pathOf = (): string => join(dir, 'hostkey.pem')

  function write(content: string | Buffer): string {
    writeFileSync(pathOf(), content)
    return pathOf()
  }

  const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' = 'pkcs8'): string =>
    key.export({ type, format: 'pem' }).toString()

  it('of PKCS#1 and of PKCS#8 is the same identity', async () => {
    const names = await Promise.all(
      (['pkcs1', 'pkcs8'] as const).map(async (type) => nameOf(await loadHostkey(write(pem(rsa.privateKey, type)))))
    )
    expect(names).toEqual([expect.stringMatching(/^Qm/), names[0]])
  })

  it('signs as the RSA key it is', async () => {
    const key = await loadHostkey(write(pem(rsa.privateKey)))
    const message = Buffer.from('hello')
    expect(key.type).toBe('RSA')
    expect(await key.publicKey.verify(message, await key.sign(message))).toBe(true)
  })

  it.each([
    ['ec', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['ed25519', () => generateKeyPairSync('ed25519').privateKey],
    ['rsa-pss', () => generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).privateKey]
  ])('of type %s is refused by that name', async (type, create) => {
    expect(await problem(loadHostkey(write(pem(create()))))).toBe(
      `cannot use the hostkey ${pathOf()}: it holds a key of type ${type}, and must hold an RSA key`
    )
  })

  it.each([
    ['rubbish', () => 'rubbish'],
    ['empty', () => ''],
    ['a public key', () => rsa.publicKey.export({ type: 'spki', format: 'pem' })],
    ['cut short', () => pem(rsa.privateKey).slice(0, 900)],
    [
      'protected by a passphrase',
      () => rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    ]
  ])('that is %s is refused in words of ours', async (_name, content) => {
    expect(await problem(loadHostkey(write(content())))).toBe(
      `cannot use the hostkey ${pathOf()}: it holds no private key in PEM form, or one that needs a passphrase`
    )
  })

  it('whose halves do not belong together is refused', async () => {
    const own = rsa.privateKey.export({ format: 'jwk' })
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ format: 'jwk' })
    const der = asPkcs1({ ...own, n: other.n! })
    const mixed = `-----BEGIN RSA PRIVATE KEY-----\n${der.toString('base64')}\n-----END RSA PRIVATE KEY-----\n`
    expect(await problem(loadHostkey(write(mixed)))).toMatch(/^cannot use the hostkey .*hostkey\.pem: /)
  })

  it('that is not there is named', async () => {
    expect(await problem(loadHostkey(pathOf()))).toMatch(`cannot use the hostkey ${pathOf()}: ENOENT`)
  })

  it('is never quoted in a message', async () => {
    const damaged = pem(rsa.privateKey).replace('A', 'é')
    const message = await problem(loadHostkey(write(damaged)))
    expect(damaged.split('\n').filter((line) => message.includes(line) && line !== '')).toEqual([])
  })
})

/** RSAPrivateKey of RFC 8017 from the fields of a JWK, which need not fit each other */
function asPkcs1(jwk: {
  n?: string
  e?: string
  d?: string
  p?: string
  q?: string
  dp?: string
  dq?: string
  qi?: string
}): Buffer {
  const integers = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map((field) =>
    tagged(0x02, Buffer.concat([Buffer.of(0), Buffer.from(field!, 'base64url')]))
  )
  return tagged(0x30, Buffer.concat([tagged(0x02, Buffer.of(0)), ...integers]))
}

function tagged(tag: number, content: Buffer): Buffer {
  const size = content.byteLength
  return Buffer.concat([Buffer.of(tag, 0x82, size >> 8, size & 0xff), content])
}
