import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { generateUser } from '@hearsay/protocol-cup2py'
import {
  decryptKey,
  decryptKeyFile,
  decryptLibraryText,
  encryptKey,
  encryptKeyFile,
  KeyFileError,
  loadUser,
  saveUser,
  WrongPasswordError
} from '@hearsay/protocol-cup2py/keys'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createPrivateKeyPem } from './users.ts'

const root = mkdtempSync(join(tmpdir(), 'hearsay-keys-'))
afterAll(() => rmSync(root, { recursive: true }))

const key = RsaPrivateKey.fromPem(createPrivateKeyPem())
const vectors = JSON.parse(
  readFileSync(new URL('../../../interop/vectors/originals/cup2py.json', import.meta.url), 'utf8')
) as {
  aes: { cases: { encryptedFileB64?: string; password: string; plaintext: string }[] }
}
const library = vectors.aes.cases.find(({ encryptedFileB64 }) => encryptedFileB64 !== undefined)!

let folder = ''
let path = ''
let folders = 0

beforeEach(() => {
  folder = join(root, String(folders++))
  path = join(folder, 'alice_privateKey.pem')
})

const isWindows = process.platform === 'win32'
/** Whether nobody else can read or write it; Windows has no such modes */
const isPrivate = (file: string): boolean => isWindows || (statSync(file).mode & 0o077) === 0

describe('a new user', () => {
  it('has 2,048 bits, more if wanted, and 1,024 only when told', async () => {
    expect((await generateUser()).publicKey).toMatchObject({ bits: 2_048, e: 65_537 })
    expect((await generateUser({ bits: 3_072 })).publicKey.bits).toBe(3_072)
    expect((await generateUser({ bits: 1_024 })).publicKey.bits).toBe(1_024)
    await expect(generateUser({ bits: 1_536 })).rejects.toThrow('bits')
    await expect(generateUser({ bits: 8_192 })).rejects.toThrow('bits')
  })

  it('is saved in two files, readable by their owner alone, and loaded again (T22)', async () => {
    await saveUser(folder, 'alice', key)
    expect(readdirSync(folder)).toEqual(['alice_privateKey.pem', 'alice_publicKey.pem'])
    expect(readFileSync(path, 'utf8')).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
    expect(readFileSync(join(folder, 'alice_publicKey.pem'), 'utf8')).toBe(key.publicKey.pkcs1Pem)
    expect([isPrivate(path), isPrivate(folder)]).toEqual([true, true])
    expect((await loadUser(folder, 'alice')).pkcs1Pem).toBe(key.pkcs1Pem)
  })

  it('never takes the place of another', async () => {
    await saveUser(folder, 'alice', key)
    const before = readFileSync(path, 'utf8')
    await expect(saveUser(folder, 'alice', key)).rejects.toThrow('exists already')
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(readdirSync(folder)).toHaveLength(2)
  })

  it.each(['publicKey', 'privateKey'])(
    'leaves nothing behind where there is a %s already, and names it',
    async (half) => {
      mkdirSync(folder)
      const other = join(folder, `alice_${half}.pem`)
      writeFileSync(other, 'of somebody else')
      await expect(saveUser(folder, 'alice', key)).rejects.toThrow(`alice_${half}.pem exists already`)
      expect(readdirSync(folder)).toEqual([`alice_${half}.pem`])
      expect(readFileSync(other, 'utf8')).toBe('of somebody else')
    }
  )

  it.each(['', '../alice', 'a/b', '.alice', 'a'.repeat(65), 'a\0b'])('is not named %j', async (name) => {
    await expect(saveUser(folder, name, key)).rejects.toThrow(KeyFileError)
    await expect(loadUser(folder, name)).rejects.toThrow(KeyFileError)
  })

  it('is taken from PKCS#8 too', () => {
    expect(RsaPrivateKey.fromPem(key.pkcs8Pem).pkcs1Pem).toBe(key.pkcs1Pem)
  })
})

describe('an encrypted key', () => {
  it('opens with its password, and with no other', async () => {
    await saveUser(folder, 'alice', key, { password: 'correct horse' })
    const sealed = readFileSync(path, 'utf8')
    expect(sealed).not.toContain('BEGIN')
    expect(JSON.parse(sealed)).toMatchObject({ kdf: 'scrypt', n: 2 ** 17, r: 8, p: 1 })
    expect(isPrivate(path)).toBe(true)
    expect((await loadUser(folder, 'alice', { password: 'correct horse' })).pkcs1Pem).toBe(key.pkcs1Pem)
    await expect(loadUser(folder, 'alice', { password: 'wrong horse' })).rejects.toThrow(WrongPasswordError)
    await expect(loadUser(folder, 'alice')).rejects.toThrow('give its password')
    expect(readFileSync(path, 'utf8')).toBe(sealed)
  }, 30_000)

  it('is another one each time', async () => {
    const [a, b] = await Promise.all([encryptKey('text', 'password'), encryptKey('text', 'password')])
    expect(a).not.toBe(b)
    expect(await decryptKey(a, 'password')).toBe('text')
  }, 30_000)

  it('is made and undone in place', async () => {
    await saveUser(folder, 'alice', key)
    await encryptKeyFile(path, 'password')
    await expect(encryptKeyFile(path, 'password')).rejects.toThrow('encrypted already')
    const sealed = readFileSync(path, 'utf8')
    await expect(decryptKeyFile(path, 'wrong')).rejects.toThrow(WrongPasswordError)
    expect(readFileSync(path, 'utf8')).toBe(sealed)
    await decryptKeyFile(path, 'password')
    expect(readFileSync(path, 'utf8')).toBe(key.pkcs1Pem)
    expect(isPrivate(path)).toBe(true)
    expect(readdirSync(folder)).toHaveLength(2)
  }, 30_000)

  it('that is cut short or altered anywhere is refused, and left as it is', async () => {
    await saveUser(folder, 'alice', key, { password: 'password' })
    const sealed = readFileSync(path, 'utf8')
    const cases = [
      sealed.slice(0, sealed.length >> 1),
      sealed.replace('"n":131072', '"n":262144'),
      sealed.replace('"n":131072', '"n":1073741824'),
      sealed.replace('"n":131072', '"n":2'),
      sealed.replace('"r":8', '"r":8000'),
      sealed.replace(/"salt":"./, '"salt":"'),
      sealed.replace(/"data":"[^"]*"/, '"data":""'),
      sealed.replace(/"data":"[^"]{8}/, '"data":"AAAAAAAA'),
      sealed.replace('scrypt', 'none'),
      '{}',
      '{"format":null}'
    ]

    for (const text of cases) {
      writeFileSync(path, text)
      await expect(decryptKeyFile(path, 'password')).rejects.toThrow(KeyFileError)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
  }, 60_000)
})

describe('a key file of the Python library', () => {
  it('that it encrypted is read, and decrypted in place', async () => {
    await saveUser(folder, 'alice', key)
    writeFileSync(path, Buffer.from(library.encryptedFileB64!, 'base64'))
    const limits = { minBits: 1_024 }
    await expect(decryptKeyFile(path, `not ${library.password}`, limits)).rejects.toThrow(WrongPasswordError)
    await expect(decryptKeyFile(path, 'short', limits)).rejects.toThrow('at least 16')
    await decryptKeyFile(path, library.password, limits)
    expect(readFileSync(path, 'utf8').trim()).toBe(library.plaintext.trim())
  })

  it('cut short is refused', () => {
    const text = Buffer.from(library.encryptedFileB64!, 'base64').toString('utf8')
    expect(() => decryptLibraryText(text.slice(0, -3), library.password)).toThrow(WrongPasswordError)
    expect(() => decryptLibraryText('', library.password)).toThrow(WrongPasswordError)
    expect(() => decryptLibraryText('€'.repeat(16), library.password)).toThrow(WrongPasswordError)
  })
})

describe('a key file that cannot be used', () => {
  it.each([
    ['is missing', () => rmSync(path), 'does not exist'],
    ['is cut short', () => writeFileSync(path, key.pkcs1Pem.slice(0, 700)), 'no private key that can be used'],
    ['holds a public key', () => writeFileSync(path, key.publicKey.pkcs1Pem), 'no private key that can be used'],
    ['is huge', () => writeFileSync(path, 'x'.repeat(70_000)), 'no key file has more'],
    [
      'has the public half of another',
      () =>
        writeFileSync(
          join(folder, 'alice_publicKey.pem'),
          RsaPrivateKey.fromPem(createPrivateKeyPem()).publicKey.pkcs1Pem
        ),
      'is not the public half'
    ]
  ])('because it %s says so', async (_name, damage, message) => {
    await saveUser(folder, 'alice', key)
    damage()
    await expect(loadUser(folder, 'alice')).rejects.toThrow(message)
    await expect(loadUser(folder, 'alice')).rejects.toThrow(KeyFileError)
  })

  it.skipIf(isWindows)('because others can read it says so (T22)', async () => {
    await saveUser(folder, 'alice', key)

    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(path, mode)
      await expect(loadUser(folder, 'alice')).rejects.toThrow('chmod 600')
      await expect(encryptKeyFile(path, 'password')).rejects.toThrow('chmod 600')
    }

    expect(readFileSync(path, 'utf8')).toBe(key.pkcs1Pem)
  })

  it('is not quoted in any error, nor is its password (T22)', async () => {
    await saveUser(folder, 'alice', key)
    const secret = key.pkcs1Pem.split('\n')[5]!
    const errors: unknown[] = []
    const attempt = async (text: string): Promise<void> => {
      writeFileSync(path, text)
      await loadUser(folder, 'alice', { password: 'a secret password' }).catch((err: unknown) => errors.push(err))
    }
    await attempt(key.pkcs1Pem.slice(0, -60))
    await attempt(key.pkcs1Pem.replace('BEGIN', '{'))
    await attempt(`{${key.pkcs1Pem}`)
    expect(errors).toHaveLength(3)
    expect(inspect(errors, { depth: 9 })).not.toContain(secret)
    expect(inspect(errors, { depth: 9 })).not.toContain('a secret password')
    expect(inspect(key, { depth: 9, showHidden: true })).not.toContain(secret)
  })
})
