/**
 * The user's RSA key, which signs records of cup2py and messages of shout: in `users/` of the data directory, as key files
 * of cup2py, encrypted if there is a passphrase.
 *
 * @see docs/decisions/0130-one-key-for-a-user.md
 */
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { generateUser } from '@hearsay/protocol-cup2py'
import { decryptKey, encryptKeyFile, KeyFileError, loadUser, saveUser } from '@hearsay/protocol-cup2py/keys'
import { StartError } from './errors.ts'
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
  try {
    const password = await passwordOf(init.passphraseFile)
    return (await exists(pathOf(init))) ? await load(init, password) : await create(init, password)
  } catch (err) {
    if (err instanceof StartError || err instanceof KeyFileError) {
      const hint = err.name === 'WrongPasswordError' ? ' (--user-passphrase-file)' : ''
      throw new StartError(`cannot use the key of user ${init.name}: ${err.message}${hint}`, { cause: err })
    }

    throw err
  }
}

function pathOf({ dataDir, name }: UserKeyInit): string {
  return userKeyPath(dataDir, name)
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
async function restorePublicHalf({ dataDir, name, limits }: UserKeyInit, password: string | undefined): Promise<void> {
  const path = join(dataDir, USERS_DIR, `${name}_publicKey.pem`)

  if (!(await exists(path))) {
    const text = await readFile(userKeyPath(dataDir, name), 'utf8')
    const isPlain = text.startsWith('-----BEGIN ')

    if (isPlain || password !== undefined) {
      const pem = isPlain ? text : await decryptKey(text, password!)
      await writeWhole(path, RsaPrivateKey.fromPem(pem, limits).publicKey.pkcs1Pem)
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

  if (line === '') {
    throw new StartError(`the first line of ${file} is empty, and must be a passphrase (--user-passphrase-file)`)
  }

  return line
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
