import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CommandError, UsageError } from '../command.ts'
import { passphraseFrom } from '../passphrase.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { NodeConfig } from '../../config/options.ts'
import type { Call, CommandSpec } from '../command.ts'

const PASSPHRASE = ['--passphrase-file <file>', 'its first line is the passphrase; asked for if not given'] as const
const KEPT = 'a node that runs keeps its keys until it is started again'
/** Which user, and what opens its key where it is kept encrypted */
const USER_OPTIONS = ['user', 'user-passphrase-file'] as const

export const keyExport: CommandSpec = {
  name: 'key export',
  summary: 'write the identity, or the key of the user, encrypted with a passphrase',
  args: [['[key]', 'identity, or user: what signs records and messages of cup2py and shout (default identity)']],
  nodeOptions: USER_OPTIONS,
  options: [['--out <file>', 'a new file, mode 0600; stdout if not given'], PASSPHRASE],
  examples: [
    ['--out backup.json', 'the identity; asks for a passphrase'],
    ['user --out user.json', 'the key of the user'],
    ['--passphrase-file secret > backup.json', 'without a terminal']
  ],
  failure: 'there is no such key, or the file exists',
  asksNode: false,
  run: async ({ config, args: [which = 'identity'], options, print, write, progress }) => {
    const out = options['out'] as string | undefined
    const { name, json, encrypt } = await exportable(which, config())

    if (out !== undefined && existsSync(out)) {
      throw new CommandError(`${out} exists: it may be the only copy of another key`)
    }

    const passphrase = await passphraseFrom(options['passphrase-file'] as string | undefined, true)
    progress('encrypting')
    const text = await encrypt(passphrase)

    if (out === undefined) {
      await write(text)
    } else {
      const { writeWhole } = await import('../../whole-file.ts')
      await writeWhole(out, text)
      print({ ...json, file: out }, `${name} is in ${out}`)
    }
  }
}

export const keyImport: CommandSpec = {
  name: 'key import',
  summary: 'make an exported key the one of this data directory',
  args: [['<file>', 'that key export wrote, of an identity or of a user']],
  nodeOptions: USER_OPTIONS,
  options: [['--force', 'also when there is another one, which is kept under another name'], PASSPHRASE],
  examples: [
    ['backup.json', 'asks for the passphrase'],
    ['backup.json --force', 'instead of the identity there is'],
    ['user.json --user anna', 'as the key of the user that "start --user anna" takes']
  ],
  failure: 'the passphrase is wrong, the file is none, or there is another key',
  asksNode: false,
  run: async (call) => {
    const { config, args, options, progress } = call
    const { openDataDir } = await import('../../data-dir.ts')
    const text = await readFile(args[0]!, 'utf8').catch((err: Error) => {
      throw new CommandError(`cannot read ${args[0]}: ${err.message}`, { cause: err })
    })
    const passphrase = await passphraseFrom(options['passphrase-file'] as string | undefined, false)
    progress('decrypting')
    const install = isOfUser(text) ? await userFrom(text, passphrase, config()) : await identityFrom(text, passphrase)
    await openDataDir(config()['data-dir'])
    await install(call)
  }
}

export const keyRotate: CommandSpec = {
  name: 'key rotate',
  summary: 'make a new identity; the former one is kept under another name',
  examples: [['', 'others know this node by a new peer id from its next start on; for a new user see start --user']],
  failure: 'the directory cannot be used',
  asksNode: false,
  run: async (call) => {
    const { openDataDir } = await import('../../data-dir.ts')
    const { generateKeyPair } = await import('@libp2p/crypto/keys')
    await openDataDir(call.config()['data-dir'])
    await replace(call, await generateKeyPair('Ed25519'))
  }
}

interface Exportable {
  /** Its peer id or user hash */
  name: string
  json: { peerId: string } | { user: string }
  encrypt: (passphrase: string) => Promise<string>
}

async function exportable(which: string, config: NodeConfig): Promise<Exportable> {
  if (which === 'identity') {
    return exportableIdentity(config['data-dir'])
  } else if (which === 'user') {
    return exportableUser(config)
  }

  throw new UsageError(`a key is identity or user, and not ${JSON.stringify(which)}`)
}

async function exportableIdentity(dataDir: string): Promise<Exportable> {
  const { existingIdentity } = await import('../../key-file.ts')
  const { encryptKey } = await import('../../key-vault.ts')
  const key = await existingIdentity(dataDir)

  if (key === undefined) {
    throw new CommandError(`there is no identity in ${dataDir}: "hearsay init" makes one`)
  }

  const peerId = await nameOf(key)
  return { name: peerId, json: { peerId }, encrypt: async (passphrase) => encryptKey(key, passphrase) }
}

async function exportableUser(config: NodeConfig): Promise<Exportable> {
  const { userKeyInit } = await import('../../config/load.ts')
  const { existingUserKey } = await import('../../user-key.ts')
  const { userHash } = await import('@hearsay/protocol-cup2py')
  const { encryptKey } = await import('@hearsay/protocol-cup2py/keys')
  const key = await existingUserKey(userKeyInit(config))

  if (key === undefined) {
    throw new CommandError(`there is no key of user ${config.user} in ${config['data-dir']}: the first start makes one`)
  }

  const user = userHash(key.publicKey.pkcs1Pem)
  return { name: user, json: { user }, encrypt: async (passphrase) => encryptKey(key.pkcs1Pem, passphrase) }
}

/** The key of a user is a key file of cup2py, which names its kdf; an identity names its peer */
function isOfUser(text: string): boolean {
  try {
    return Object.hasOwn(JSON.parse(text) as object, 'kdf')
  } catch {
    return false
  }
}

type Install = (call: Call) => Promise<void>

async function identityFrom(text: string, passphrase: string): Promise<Install> {
  const { decryptKey } = await import('../../key-vault.ts')
  const { existingIdentity } = await import('../../key-file.ts')
  const key = await decryptKey(text, passphrase)

  return async (call) => {
    const former = await existingIdentity(call.config()['data-dir'])

    if (former?.equals(key) === true) {
      call.print({ peerId: await nameOf(key) }, `the identity is ${await nameOf(key)} already`)
    } else if (former !== undefined && call.options['force'] !== true) {
      throw new CommandError(`the identity is ${await nameOf(former)}: --force replaces it, and keeps its key`)
    } else {
      await replace(call, key)
    }
  }
}

async function userFrom(text: string, passphrase: string, config: NodeConfig): Promise<Install> {
  const { userKeyInit } = await import('../../config/load.ts')
  const { existingUserKey, replaceUserKey, userKeyFrom } = await import('../../user-key.ts')
  const { userHash } = await import('@hearsay/protocol-cup2py')
  const init = userKeyInit(config)
  const key = await userKeyFrom(text, passphrase, init)
  const user = userHash(key.publicKey.pkcs1Pem)

  return async ({ options, print }) => {
    const former = await existingUserKey(init)
    const hash = former && userHash(former.publicKey.pkcs1Pem)

    if (hash === user) {
      return print({ user }, `the key of user ${init.name} is that of ${user} already`)
    } else if (hash !== undefined && options['force'] !== true) {
      throw new CommandError(`the key of user ${init.name} is that of ${hash}: --force replaces it, and keeps it`)
    }

    const kept = await replaceUserKey(init, key)
    const where = kept === undefined ? '' : `; the former one is that of user ${kept}`
    print({ user, former: kept ?? null }, `the key of user ${init.name} is that of ${user}${where}; ${KEPT}`)
  }
}

async function replace({ config, print }: Call, key: PrivateKey): Promise<void> {
  const { replaceIdentity } = await import('../../key-file.ts')
  const kept = await replaceIdentity(config()['data-dir'], key)
  const peerId = await nameOf(key)
  const former = kept === undefined ? '' : `; the key of the former one is ${kept}`
  print({ peerId, former: kept ?? null }, `the identity is ${peerId}${former}; ${KEPT}`)
}

async function nameOf(key: PrivateKey): Promise<string> {
  const { peerIdFromPrivateKey } = await import('@libp2p/peer-id')
  return peerIdFromPrivateKey(key).toString()
}
