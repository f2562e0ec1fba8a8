/**
 * The user's RSA key, which signs records of cup2py and messages of shout: in `users/` of the data directory, as key files
 * of cup2py, encrypted if there is a passphrase.
 *
 * @see docs/decisions/0021-one-key-for-a-user.md
 */
import { access, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidKeyError, RsaPrivateKey } from '@hearsay/protocol-core'
import { generateUser, userHash } from '@hearsay/protocol-cup2py'
import { decryptKey, encryptKey, encryptKeyFile, KeyFileError, loadUser, saveUser } from '@hearsay/protocol-cup2py/keys'
import { StartError } from './errors.ts'
import { MAX_PASSPHRASE } from './passphrases.ts'
import { writeWhole } from './whole-file.ts'
import type { RsaLimits } from '@hearsay/protocol-core'

/** In the data directory, mode 0700; its files have mode 0600 */
export const USERS_DIR = 'users'

export interface UserKeyInit {
  dataDir: string
  /** Of the key's files */
  name: string
  /** Its first line opens the key, and encrypts one that is not */
  passphraseFile: string | undefined
  limits?: RsaLimits | undefined
}

export function userKeyPath(dataDir: string, name: string): string {
  return join(dataDir, USERS_DIR, `${name}_privateKey.pem`)
}

/**
 * The key of the user; a new one of 2,048 bits if there is none of that name.
 *
 * @throws {StartError} when it cannot be read or written, or another passphrase encrypted it
 */
export async function openUserKey(init: UserKeyInit): Promise<RsaPrivateKey> {
  return guarded(init, async (password) =>
    (await exists(pathOf(init))) ? load(init, password) : create(init, password)
  )
}

/**
 * @returns undefined when there is none of that name
 * @throws {StartError} as `openUserKey` does
 */
export async function existingUserKey(init: UserKeyInit): Promise<RsaPrivateKey | undefined> {
  return guarded(init, async (password) => ((await exists(pathOf(init))) ? load(init, password) : undefined))
}

/**
 * Makes the key that of the user. The former one becomes that of another user, whose name is this one and the first
 * digits of the former's user hash.
 *
 * @returns the name of that user, if there was a key
 * @throws {StartError} as `openUserKey` does
 */
export async function replaceUserKey(init: UserKeyInit, key: RsaPrivateKey): Promise<string | undefined> {
  return guarded(init, async (password) => {
    const former = (await exists(pathOf(init))) ? await load(init, password) : undefined
    const kept = former && {
      ...init,
      name: `${init.name.slice(0, 55)}-${userHash(former.publicKey.pkcs1Pem).slice(0, 8)}`
    }
    await mkdir(join(init.dataDir, USERS_DIR), { recursive: true, mode: 0o700 })

    if (former !== undefined && kept !== undefined) {
      await write(kept, former, await readFile(pathOf(init), 'utf8'))
    }

    await write(init, key, password === undefined ? key.pkcs1Pem : await encryptKey(key.pkcs1Pem, password))
    return kept?.name
  })
}

/**
 * Of an exported one.
 *
 * @throws {StartError} when the passphrase does not open it, or it is none that this node takes
 */
export async function userKeyFrom(text: string, passphrase: string, { limits }: UserKeyInit): Promise<RsaPrivateKey> {
  try {
    return RsaPrivateKey.fromPem(await decryptKey(text, passphrase), limits)
  } catch (err) {
    if (err instanceof KeyFileError || err instanceof InvalidKeyError) {
      throw new StartError(`cannot import the key of a user: ${err.message}`, { cause: err })
    }

    throw err
  }
}

async function guarded<T>(init: UserKeyInit, work: (password: string | undefined) => Promise<T>): Promise<T> {
  try {
    return await work(await passwordOf(init.passphraseFile))
  } catch (err) {
    if (err instanceof StartError || err instanceof KeyFileError) {
      const hint = err.name === 'WrongPasswordError' ? ' (--user-passphrase-file)' : ''
      throw new StartError(`cannot use the key of user ${init.name}: ${err.message}${hint}`, { cause: err })
    }

    throw err
  }
}

/** Both halves. The public one goes first and comes last: it is made anew where it is missing, see `restorePublicHalf` */
async function write(init: UserKeyInit, key: RsaPrivateKey, privateText: string): Promise<void> {
  await rm(publicPathOf(init), { force: true })
  await writeWhole(pathOf(init), privateText)
  await writeWhole(publicPathOf(init), key.publicKey.pkcs1Pem)
}

function pathOf({ dataDir, name }: UserKeyInit): string {
  return userKeyPath(dataDir, name)
}

function publicPathOf({ dataDir, name }: UserKeyInit): string {
  return join(dataDir, USERS_DIR, `${name}_publicKey.pem`)
}

async function load(init: UserKeyInit, password: string | undefined): Promise<RsaPrivateKey> {
  const { dataDir, name, limits } = init
  const folder = join(dataDir, USERS_DIR)
  await restorePublicHalf(init, password)
  const key = await loadUser(folder, name, { password, limits })

  if (password !== undefined && (await readFile(pathOf(init), 'utf8')).startsWith('-----BEGIN ')) {
    await encryptKeyFile(pathOf(init), password, limits)
  }

  return key
}

async function create(init: UserKeyInit, password: string | undefined): Promise<RsaPrivateKey> {
  const { dataDir, name } = init
  const key = await generateUser()

  try {
    await saveUser(join(dataDir, USERS_DIR), name, key, { password })
    return key
  } catch (err) {
    if (await exists(pathOf(init))) {
      // another node was quicker: its key is the user's
      return load(init, password)
    }

    throw err
  }
}

/** A process that was killed may have written the private half alone */
async function restorePublicHalf(init: UserKeyInit, password: string | undefined): Promise<void> {
  const path = publicPathOf(init)

  if (!(await exists(path))) {
    const text = await readFile(pathOf(init), 'utf8')
    const isPlain = text.startsWith('-----BEGIN ')

    if (isPlain || password !== undefined) {
      const pem = isPlain ? text : await decryptKey(text, password!)
      await writeWhole(path, RsaPrivateKey.fromPem(pem, init.limits).publicKey.pkcs1Pem)
    }
  }
}

async function passwordOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) {
    return undefined
  }

  const text = await readFile(file, 'utf8').catch((err: Error) => {
    throw new StartError(`its passphrase cannot be read: ${err.message} (--user-passphrase-file)`, { cause: err })
  })
  const [line] = text.split(/\r?\n/, 1)

  if (line === '' || line!.length > MAX_PASSPHRASE) {
    const what = line === '' ? 'empty' : 'too long'
    throw new StartError(
      `the first line of ${file} is ${what}, and must be a passphrase of at most ${MAX_PASSPHRASE} characters (--user-passphrase-file)`
    )
  }

  return line
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
