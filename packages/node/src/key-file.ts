import { createPrivateKey } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyFromRaw, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { StartError } from './errors.ts'
import { draftOf, syncDirectory, writeWhole } from './whole-file.ts'
import type { KeyObject } from 'node:crypto'
import type { PrivateKey } from '@libp2p/interface'

/** The libp2p private key in its protobuf form, mode 0600 */
export const KEY_FILE = 'identity.key'

/**
 * The identity kept in the data directory; a new Ed25519 key if there is none yet.
 *
 * @throws {StartError} when it cannot be read or written
 */
export async function loadIdentity(dataDir: string): Promise<PrivateKey> {
  const path = join(dataDir, KEY_FILE)

  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    return (await readIdentity(path)) ?? (await createIdentity(path))
  } catch (err) {
    if (err instanceof StartError) {
      throw err
    }

    throw new StartError(`cannot use the data directory ${dataDir}: ${(err as Error).message}`, { cause: err })
  }
}

/**
 * An identity from a PEM file with an RSA private key, as other modules on the machine have it.
 *
 * @throws {StartError} when there is none in it
 */
export async function loadHostkey(path: string): Promise<PrivateKey> {
  try {
    const key = parsePem(await readFile(path))

    if (key.asymmetricKeyType !== 'rsa') {
      throw new Error(`it holds a key of type ${key.asymmetricKeyType}, and must hold an RSA key`)
    }

    return await proven(privateKeyFromRaw(key.export({ type: 'pkcs1', format: 'der' })))
  } catch (err) {
    throw new StartError(`cannot use the hostkey ${path}: ${(err as Error).message}`, { cause: err })
  }
}

/** OpenSSL's own words help nobody */
function parsePem(bytes: Buffer): KeyObject {
  try {
    return createPrivateKey(bytes)
  } catch (err) {
    throw new Error('it holds no private key in PEM form, or one that needs a passphrase', { cause: err })
  }
}

/** A damaged key may still look like one, and would be an identity that nobody believes */
async function proven(key: PrivateKey): Promise<PrivateKey> {
  const message = new TextEncoder().encode('hearsay')

  if (!(await key.publicKey.verify(message, await key.sign(message)))) {
    throw new Error('its private and public halves do not belong together')
  }

  return key
}

async function readIdentity(path: string): Promise<PrivateKey | undefined> {
  const bytes = await readFile(path).catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') {
      return undefined
    }

    throw err
  })

  try {
    return bytes === undefined ? undefined : await proven(privateKeyFromProtobuf(bytes))
  } catch (err) {
    throw new StartError(
      `${path} holds no libp2p private key: restore it from a copy, or move it away for a new identity`,
      { cause: err }
    )
  }
}

/** Written whole and synced before it gets its name, so that a crash leaves no half a key */
async function createIdentity(path: string): Promise<PrivateKey> {
  const key = await generateKeyPair('Ed25519')
  const draft = draftOf(path)

  try {
    await writeFile(draft, privateKeyToProtobuf(key), { mode: 0o600, flush: true })
    await link(draft, path)
    await syncDirectory(dirname(path))
    return key
  } catch (err) {
    // another node was quicker: its key is the identity
    const theirs = await readIdentity(path)

    if (theirs === undefined) {
      throw err
    }

    return theirs
  } finally {
    await rm(draft, { force: true })
  }
}

/** @returns undefined when the data directory has none */
export async function existingIdentity(dataDir: string): Promise<PrivateKey | undefined> {
  return readIdentity(join(dataDir, KEY_FILE))
}

/**
 * Makes the key the identity. The former one stays under another name, so nothing is lost: at every moment there is an
 * identity, and it is one of the two.
 *
 * @returns where the former one is now, if there was one
 */
export async function replaceIdentity(dataDir: string, key: PrivateKey): Promise<string | undefined> {
  const path = join(dataDir, KEY_FILE)
  const former = await readIdentity(path)

  if (former === undefined) {
    await writeWhole(path, privateKeyToProtobuf(key))
    return undefined
  }

  const kept = join(dataDir, `identity-${peerIdFromPrivateKey(former).toString()}.key`)
  await writeWhole(kept, privateKeyToProtobuf(former))
  await writeWhole(path, privateKeyToProtobuf(key))
  return kept
}
