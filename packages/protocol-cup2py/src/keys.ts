/**
 * @packageDocumentation
 *
 * Users' keys in files: `<name>_publicKey.pem` and `<name>_privateKey.pem`, PKCS#1, mode 0600, the private one
 * encrypted with a password if wanted. Node.js only.
 *
 * @see docs/specs/cup2py.md#keys
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID, scrypt } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvalidKeyError, RsaPrivateKey } from '@hearsay/protocol-core'
import { checkRange } from '@hearsay/protocol-core/pure'
import { KeyFileError, WrongPasswordError } from './errors.ts'
import { decryptLibraryText } from './library-cipher.ts'
import type { RsaLimits } from '@hearsay/protocol-core'

export { KeyFileError, WrongPasswordError } from './errors.ts'
export { decryptLibraryText, LIBRARY_ALPHABET } from './library-cipher.ts'

export interface SaveOptions {
  /** Encrypts the private key. @default none */
  password?: string | undefined
}
export interface LoadOptions {
  /** Needed when the private key is encrypted, by us or by the Python library */
  password?: string | undefined
  /** Which keys are taken. @default 2,048 to 4,096 bits */
  limits?: RsaLimits | undefined
}

/** What an encrypted key file is: JSON, with bytes in base64 */
interface Sealed {
  format: 'hearsay-key-1'
  kdf: 'scrypt'
  /** CPU and memory cost, a power of two */
  n: number
  r: number
  p: number
  salt: string
  iv: string
  /** AES-256-GCM of the PEM text, with its tag of 16 bytes at the end */
  data: string
}

const FORMAT = 'hearsay-key-1'
const COST = { n: 2 ** 17, r: 8, p: 1 }
/** 128 × n × r bytes, and what OpenSSL needs beside; at the highest cost read here */
const MAX_MEMORY_BYTES = 2 ** 30 + 2 ** 26
const TAG_BYTES = 16
const MAX_FILE_BYTES = 65_536
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/**
 * Writes both files of a new user; private ones are readable by their owner alone.
 *
 * @param folder - made if there is none
 * @param name - letters, digits, `_`, `.` and `-`, at most 64
 * @throws {KeyFileError} when there are such files already, or they cannot be written
 */
export async function saveUser(
  folder: string,
  name: string,
  key: RsaPrivateKey,
  { password }: SaveOptions = {}
): Promise<void> {
  const [publicPath, privatePath] = paths(folder, name)
  const text = password === undefined ? key.pkcs1Pem : await encryptKey(key.pkcs1Pem, password)
  await guard(folder, async () => mkdir(folder, { recursive: true, mode: 0o700 }))
  await guard(privatePath, async () => create(privatePath, text))

  try {
    await guard(publicPath, async () => create(publicPath, key.publicKey.pkcs1Pem))
  } catch (err) {
    // who found the private half alone may have made the other from it
    if ((await readFile(publicPath, 'utf8').catch(() => '')) !== key.publicKey.pkcs1Pem) {
      await rm(privatePath, { force: true })
      throw err
    }
  }
}

/**
 * @throws {WrongPasswordError} when it does not open the private key
 * @throws {KeyFileError} when a file is missing, damaged, readable by others, or the two do not belong together
 */
export async function loadUser(folder: string, name: string, options: LoadOptions = {}): Promise<RsaPrivateKey> {
  const [publicPath, privatePath] = paths(folder, name)
  const key = await parse(privatePath, await readPrivate(privatePath), options)
  const publicPem = await guard(publicPath, async () => readFile(publicPath, 'utf8'))

  if (publicPem.replaceAll('\r\n', '\n').trim() !== key.publicKey.pkcs1Pem.trim()) {
    throw new KeyFileError(`${publicPath} is not the public half of ${privatePath}: restore the one that was changed`)
  }

  return key
}

/** Encrypts a private key file in place. A failure leaves the file as it was. @throws {KeyFileError} */
export async function encryptKeyFile(path: string, password: string, limits?: RsaLimits): Promise<void> {
  const text = await readPrivate(path)

  if (!isPem(text)) {
    throw new KeyFileError(`${path} is encrypted already: decrypt it first`)
  }

  await parse(path, text, { limits })
  const sealed = await encryptKey(text, password)
  await guard(path, async () => replace(path, sealed))
}

/**
 * Decrypts a private key file in place, one of ours or of the Python library. A failure leaves the file as it was.
 *
 * @throws {WrongPasswordError}
 * @throws {KeyFileError}
 */
export async function decryptKeyFile(path: string, password: string, limits?: RsaLimits): Promise<void> {
  const key = await parse(path, await readPrivate(path), { password, limits })
  await guard(path, async () => replace(path, key.pkcs1Pem))
}

/** A key's PEM text under a password: AES-256-GCM, its key made by scrypt with n = 2^17, in 0.5 s and 128 MiB */
export async function encryptKey(pem: string, password: string): Promise<string> {
  checkRange('password.length', password.length, [1, 1_024])
  const [salt, iv] = [randomBytes(16), randomBytes(12)]
  const header = { format: FORMAT, kdf: 'scrypt', ...COST, salt: salt.toString('base64'), iv: iv.toString('base64') }
  const cipher = createCipheriv('aes-256-gcm', await derive(password, salt, COST), iv)
  cipher.setAAD(Buffer.from(JSON.stringify(header)))
  const data = Buffer.concat([cipher.update(pem, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${JSON.stringify({ ...header, data: data.toString('base64') })}\n`
}

/**
 * The counterpart of `encryptKey`; it reads the Python library's encrypted files too.
 *
 * @returns the PEM text
 * @throws {WrongPasswordError} when it does not open this
 * @throws {KeyFileError} when this is no encrypted key, or a damaged one
 */
export async function decryptKey(text: string, password: string): Promise<string> {
  if (!text.startsWith('{')) {
    return decryptLibraryKey(text, password)
  }

  const { data: encoded, ...header } = parseSealed(text)
  const data = Buffer.from(encoded, 'base64')
  const [salt, iv] = [Buffer.from(header.salt, 'base64'), Buffer.from(header.iv, 'base64')]
  const decipher = createDecipheriv('aes-256-gcm', await derive(password, salt, header), iv)
  decipher.setAAD(Buffer.from(JSON.stringify(header)))
  decipher.setAuthTag(data.subarray(-TAG_BYTES))

  try {
    return Buffer.concat([decipher.update(data.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    throw new WrongPasswordError('the password does not open this key, or the key was altered')
  }
}

function decryptLibraryKey(text: string, password: string): string {
  const pem = decryptLibraryText(text, password)

  if (!isPem(pem)) {
    throw new WrongPasswordError('the password does not open this key of the Python library')
  }

  return pem
}

/** Each field checked, as its numbers decide how much memory is used. @throws {KeyFileError} */
function parseSealed(text: string): Sealed {
  let sealed: Partial<Sealed>

  try {
    sealed = JSON.parse(text) as Partial<Sealed>
  } catch {
    // no cause: its message may quote the text
    throw new KeyFileError('the encrypted key is cut short or damaged: restore it from a copy')
  }

  const { format, kdf, n, r, p, salt, iv, data } = sealed
  const cheap = n !== undefined && [2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20].includes(n) && r === COST.r && p === COST.p
  const bytes = [salt, iv, data].map((each) => (typeof each === 'string' ? Buffer.from(each, 'base64').byteLength : 0))

  if (format !== FORMAT || kdf !== 'scrypt' || !cheap || bytes[0] !== 16 || bytes[1] !== 12 || bytes[2]! <= TAG_BYTES) {
    throw new KeyFileError(`the encrypted key is none of format ${FORMAT}, or damaged: restore it from a copy`)
  }

  return { format, kdf, n, r, p, salt: salt!, iv: iv!, data: data! }
}

async function derive(password: string, salt: Uint8Array, { n, r, p }: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, { N: n, r, p, maxmem: MAX_MEMORY_BYTES }, (err, key) =>
      err === null ? resolve(key) : reject(err)
    )
  })
}

async function parse(path: string, text: string, { password, limits }: LoadOptions): Promise<RsaPrivateKey> {
  if (!isPem(text) && password === undefined) {
    throw new WrongPasswordError(`${path} is encrypted: give its password`)
  }

  try {
    return RsaPrivateKey.fromPem(isPem(text) ? text : await decryptKey(text, password!), limits)
  } catch (err) {
    if (err instanceof InvalidKeyError) {
      throw new KeyFileError(`${path} holds no private key that can be used: ${err.message}`, { cause: err })
    } else if (err instanceof KeyFileError) {
      err.message = `${path}: ${err.message}`
    }

    throw err
  }
}

async function readPrivate(path: string): Promise<string> {
  const { mode, size } = await guard(path, async () => stat(path))

  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new KeyFileError(`${path} can be read by others: run chmod 600 on it`)
  } else if (size > MAX_FILE_BYTES) {
    throw new KeyFileError(`${path} has ${size} bytes, and no key file has more than ${MAX_FILE_BYTES}`)
  }

  return guard(path, async () => readFile(path, 'utf8'))
}

/** Written whole and synced before it gets its name, so that a crash leaves no half a key */
async function create(path: string, text: string): Promise<void> {
  const draft = await writeDraft(path, text)

  try {
    await link(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

async function replace(path: string, text: string): Promise<void> {
  const draft = await writeDraft(path, text)

  try {
    await rename(draft, path)
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = join(dirname(path), `.${randomUUID()}.draft`)
  await writeFile(draft, text, { mode: 0o600, flush: true })
  return draft
}

async function guard<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (err) {
    throw new KeyFileError(`${path} ${reason(err as NodeJS.ErrnoException)}`, { cause: err })
  }
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'does not exist'
    case 'EEXIST':
      return 'exists already: choose another name, or move it away'
    case 'EACCES':
    case 'EPERM':
      return 'is not ours to read or write: give yourself the permission'
    default:
      return `cannot be used: ${message}`
  }
}

function paths(folder: string, name: string): [publicPath: string, privatePath: string] {
  if (!NAME.test(name)) {
    throw new KeyFileError('a user name has letters, digits, _, . and -, at most 64, and begins with a letter or digit')
  }

  return [join(folder, `${name}_publicKey.pem`), join(folder, `${name}_privateKey.pem`)]
}

function isPem(text: string): boolean {
  return text.startsWith('-----BEGIN ')
}
