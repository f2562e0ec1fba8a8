import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from '@hearsay/node'
import { generateUser } from '@hearsay/protocol-cup2py'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { redact } from '../src/log.ts'
import { openUserKey, replaceUserKey, userKeyPath, USERS_DIR } from '../src/user-key.ts'

vi.setConfig({ testTimeout: 120_000 })

const PRIVATE = 'user_privateKey.pem'
const PUBLIC = 'user_publicKey.pem'

let root = ''
let dir = ''
/** The key files of one user, so that few keys are made */
let pair: Record<string, string> = {}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'hearsay-user-key-test-'))
  dir = mkdtempSync(join(root, 'data-'))
  await open()
  pair = { [PRIVATE]: readUser(PRIVATE), [PUBLIC]: readUser(PUBLIC) }
})
beforeEach(() => (dir = mkdtempSync(join(root, 'data-'))))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const readUser = (name: string): string => readFileSync(join(dir, USERS_DIR, name), 'utf8')

/** As a node with these files opens it; a passphrase is in a file of its own */
async function open(passphrase?: string): Promise<string> {
  const file = passphrase === undefined ? undefined : join(root, 'passphrase')

  if (file !== undefined) {
    writeFileSync(file, `${passphrase}\nanother line\n`)
  }

  return (await openUserKey({ dataDir: dir, name: 'user', passphraseFile: file })).publicKey.pkcs1Pem
}

async function given(): Promise<void> {
  const { mkdir, writeFile } = await import('node:fs/promises')
  await mkdir(join(dir, USERS_DIR), { mode: 0o700 })
  await Promise.all(
    Object.entries(pair).map(async ([name, text]) => writeFile(join(dir, USERS_DIR, name), text, { mode: 0o600 }))
  )
}

/** The message of the StartError; any other outcome fails */
async function problem(opening: Promise<unknown>): Promise<string> {
  const outcome = await opening.catch((err: unknown) => err)

  if (outcome instanceof StartError) {
    return outcome.message
  }

  throw new Error('a StartError was expected', { cause: outcome })
}

describe('the key of a user (T22)', () => {
  it('is made once, for its owner alone', async () => {
    const first = await open()
    expect(readdirSync(join(dir, USERS_DIR)).toSorted()).toEqual([PRIVATE, PUBLIC])
    const modes = ['', PRIVATE, PUBLIC].map((name) => statSync(join(dir, USERS_DIR, name)).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600, 0o600])
    expect(await open()).toBe(first)
  })

  it('that others could read is refused', async () => {
    await given()
    const { chmod } = await import('node:fs/promises')
    await chmod(userKeyPath(dir, 'user'), 0o640)
    expect(await problem(open())).toMatch(/cannot use the key of user user: .* can be read by others: run chmod 600/)
  })

  it('is encrypted when it is made with a passphrase, and opened by no other', async () => {
    const first = await open('correct horse')
    expect(JSON.parse(readUser(PRIVATE))).toMatchObject({ format: 'hearsay-key-1', kdf: 'scrypt' })
    expect(await open('correct horse')).toBe(first)
    expect(await problem(open('wrong'))).toMatch(/the password does not open this key.*\(--user-passphrase-file\)$/)
    expect(await problem(open())).toMatch(/is encrypted: give its password \(--user-passphrase-file\)$/)
  })

  it('that is plain is encrypted by the first start with a passphrase', async () => {
    await given()
    expect(await open('correct horse')).toBe(pair[PUBLIC])
    expect(readUser(PRIVATE)).not.toContain('PRIVATE KEY')
    expect(statSync(userKeyPath(dir, 'user')).mode & 0o777).toBe(0o600)
    expect(await open('correct horse')).toBe(pair[PUBLIC])
  })

  it('is not lost when a process was killed between its two files (T20)', async () => {
    await given()
    unlinkSync(join(dir, USERS_DIR, PUBLIC))
    expect(await open()).toBe(pair[PUBLIC])
    expect(readUser(PUBLIC)).toBe(pair[PUBLIC])
  })

  it('is one where many start at once for the first time', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, async () => open()))
    expect(new Set([...all, await open()]).size).toBe(1)
    expect(readdirSync(join(dir, USERS_DIR)).toSorted()).toEqual([PRIVATE, PUBLIC])
  })

  it('that takes its place is whole, and the former one is a user of its own, wherever the process is killed (T20)', async () => {
    await given()
    const init = { dataDir: dir, name: 'user', passphraseFile: undefined }
    const other = await generateUser()
    const name = await replaceUserKey(init, other)
    expect(await open()).toBe(other.publicKey.pkcs1Pem)
    expect((await openUserKey({ ...init, name: name! })).publicKey.pkcs1Pem).toBe(pair[PUBLIC])
    // after the private half, before the public one
    unlinkSync(join(dir, USERS_DIR, PUBLIC))
    expect(await open()).toBe(other.publicKey.pkcs1Pem)
    const modes = readdirSync(join(dir, USERS_DIR)).map((file) => statSync(join(dir, USERS_DIR, file)).mode & 0o777)
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('is never quoted in a message, nor in the log', async () => {
    await given()
    const damaged = pair[PRIVATE]!.slice(0, 400)
    writeFileSync(userKeyPath(dir, 'user'), damaged)
    const message = await problem(open())
    const lines = damaged.split('\n').slice(1, -1)
    expect(lines.filter((line) => message.includes(line))).toEqual([])
    expect(redact(`it is ${pair[PRIVATE]}`)).toBe('it is [private key]\n')
  })

  it.each([
    ['that is not there', 'none', /: its passphrase cannot be read: ENOENT.*\(--user-passphrase-file\)$/],
    ['that is empty', '', /is empty, and must be a passphrase of at most 1024 characters/]
  ])('needs a passphrase file, not one %s', async (_name, content, message) => {
    const file = join(dir, 'passphrase')

    if (content === '') {
      writeFileSync(file, '\n')
    }

    expect(await problem(openUserKey({ dataDir: dir, name: 'user', passphraseFile: file }))).toMatch(message)
  })
})
