import { generateKeyPair } from '@libp2p/crypto/keys'
import { beforeAll, describe, expect, it } from 'vitest'
import { decryptKey, encryptKey } from '../src/key-vault.ts'
import type { PrivateKey } from '@libp2p/interface'

/** scrypt's N, where nobody attacks */
const QUICK = 2 ** 10

describe('an exported key', () => {
  let key: PrivateKey
  let text = ''
  beforeAll(async () => {
    key = await generateKeyPair('Ed25519')
    text = await encryptKey(key, 'pässphrase', QUICK)
  })

  const problem = async (changed: string, passphrase = 'pässphrase'): Promise<string> =>
    decryptKey(changed, passphrase).then(
      () => 'it opens',
      (err: Error) => `${err.name}: ${err.message}`
    )
  const members = (): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
  const changed = (name: string, value: unknown): string => JSON.stringify({ ...members(), [name]: value })
  const WRONG = 'KeyError: the passphrase is wrong, or the file was changed'
  const NONE = 'KeyError: this is no key that "hearsay key export" wrote'

  it('opens with its passphrase, however its letters are composed', async () => {
    expect((await decryptKey(text, 'pässphrase'.normalize('NFD'))).equals(key)).toBe(true)
  })

  it('of another kind opens too', async () => {
    const rsa = await generateKeyPair('RSA', 2_048)
    expect((await decryptKey(await encryptKey(rsa, 'x', QUICK), 'x')).equals(rsa)).toBe(true)
  })

  it('takes a machine long to guess', async () => {
    expect(JSON.parse(await encryptKey(key, 'x'))).toMatchObject({ cost: 2 ** 17 })
  })

  it('is another text each time, without the key in it', async () => {
    const other = JSON.parse(await encryptKey(key, 'pässphrase', QUICK)) as Record<string, unknown>
    expect(['salt', 'nonce', 'sealed', 'tag'].filter((name) => other[name] === members()[name])).toEqual([])
    expect(text).not.toContain(Buffer.from(key.raw.subarray(0, 12)).toString('base64').slice(0, 15))
  })

  it('does not open with another passphrase', async () => {
    expect(await problem(text, 'passphrase')).toBe(WRONG)
  })

  it.each(['peerId', 'salt', 'nonce', 'sealed', 'tag'])('does not open when its %s was changed', async (name) => {
    const value = String(members()[name])
    const other = value.startsWith('A') ? `B${value.slice(1)}` : `A${value.slice(1)}`
    expect(await problem(changed(name, other))).toBe(WRONG)
  })

  it('does not open with a shortened tag', async () => {
    const short = Buffer.from(String(members()['tag']), 'base64').subarray(0, 4).toString('base64')
    expect(await problem(changed('tag', short))).toBe(WRONG)
  })

  it.each([
    ['format', 'hearsay-key-2'],
    ['cost', 2 ** 18],
    ['cost', 'x'],
    ['cost', 3],
    ['sealed', '?'],
    ['more', 1],
    ['tag', undefined]
  ])('with %s %o is none', async (name, value) => {
    expect(await problem(changed(name, value))).toBe(NONE)
  })

  it.each(['', '{', '[]', 'null', '-----BEGIN PRIVATE KEY-----'])('is none: %o', async (other) => {
    expect(await problem(other)).toBe(NONE)
  })
})
