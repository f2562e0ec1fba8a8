import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CommandError } from '../command.ts'
import { passphraseFrom } from '../passphrase.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { Call, CommandSpec } from '../command.ts'

const PASSPHRASE = ['--passphrase-file <file>', 'its first line is the passphrase; asked for if not given'] as const
const KEPT = 'a node that runs keeps its identity until it is started again'

export const keyExport: CommandSpec = {
  name: 'key export',
  summary: 'write the identity, encrypted with a passphrase',
  options: [['--out <file>', 'a new file, mode 0600; stdout if not given'], PASSPHRASE],
  examples: [
    ['--out backup.json', 'asks for a passphrase'],
    ['--passphrase-file secret > backup.json', 'without a terminal']
  ],
  failure: 'there is no identity, or the file exists',
  asksNode: false,
  run: async ({ config, options, print, progress }) => {
    const { existingIdentity } = await import('../../key-file.ts')
    const { encryptKey } = await import('../../key-vault.ts')
    const { writeWhole } = await import('../../whole-file.ts')
    const dataDir = config()['data-dir']
    const out = options['out'] as string | undefined
    const key = await existingIdentity(dataDir)

    if (key === undefined) {
      throw new CommandError(`there is no identity in ${dataDir}: "hearsay init" makes one`)
    } else if (out !== undefined && existsSync(out)) {
      throw new CommandError(`${out} exists: it may be the only copy of another key`)
    }

    const passphrase = await passphraseFrom(options['passphrase-file'] as string | undefined, true)
    progress('encrypting')
    const text = await encryptKey(key, passphrase)

    if (out === undefined) {
      process.stdout.write(text)
    } else {
      await writeWhole(out, text)
      print({ peerId: await nameOf(key), file: out }, `${await nameOf(key)} is in ${out}`)
    }
  }
}

export const keyImport: CommandSpec = {
  name: 'key import',
  summary: 'make an exported identity the one of this data directory',
  args: [['<file>', 'that key export wrote']],
  options: [['--force', 'also when there is another one, which is kept under another name'], PASSPHRASE],
  examples: [
    ['backup.json', 'asks for the passphrase'],
    ['backup.json --force', 'instead of the identity there is']
  ],
  failure: 'the passphrase is wrong, the file is none, or there is another identity',
  asksNode: false,
  run: async (call) => {
    const { config, args, options, progress } = call
    const { openDataDir } = await import('../../data-dir.ts')
    const { existingIdentity } = await import('../../key-file.ts')
    const { decryptKey } = await import('../../key-vault.ts')
    const dataDir = config()['data-dir']
    const text = await readFile(args[0]!, 'utf8').catch((err: Error) => {
      throw new CommandError(`cannot read ${args[0]}: ${err.message}`, { cause: err })
    })
    const passphrase = await passphraseFrom(options['passphrase-file'] as string | undefined, false)
    progress('decrypting')
    const key = await decryptKey(text, passphrase)
    await openDataDir(dataDir)
    const former = await existingIdentity(dataDir)

    if (former?.equals(key) === true) {
      call.print({ peerId: await nameOf(key) }, `the identity is ${await nameOf(key)} already`)
    } else if (former !== undefined && options['force'] !== true) {
      throw new CommandError(`the identity is ${await nameOf(former)}: --force replaces it, and keeps its key`)
    } else {
      await replace(call, key)
    }
  }
}

export const keyRotate: CommandSpec = {
  name: 'key rotate',
  summary: 'make a new identity; the former one is kept under another name',
  examples: [['', 'others know this node by a new peer id from its next start on']],
  failure: 'the directory cannot be used',
  asksNode: false,
  run: async (call) => {
    const { openDataDir } = await import('../../data-dir.ts')
    const { generateKeyPair } = await import('@libp2p/crypto/keys')
    await openDataDir(call.config()['data-dir'])
    await replace(call, await generateKeyPair('Ed25519'))
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
