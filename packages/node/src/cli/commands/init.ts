import { join } from 'node:path'
import type { CommandSpec } from '../command.ts'

export const init: CommandSpec = {
  name: 'init',
  summary: 'make the data directory and the identity, if there is none; start does so too',
  examples: [
    ['', 'says where the key is'],
    ['--data-dir /var/lib/hearsay', 'in another directory']
  ],
  failure: 'the directory cannot be used',
  asksNode: false,
  run: async ({ config, print }) => {
    const { openDataDir } = await import('../../data-dir.ts')
    const { KEY_FILE, loadIdentity } = await import('../../key-file.ts')
    const { peerIdFromPrivateKey } = await import('@libp2p/peer-id')
    const dataDir = config()['data-dir']
    await openDataDir(dataDir)
    const peerId = peerIdFromPrivateKey(await loadIdentity(dataDir)).toString()
    const keyFile = join(dataDir, KEY_FILE)
    const copy = 'keep a copy of it: hearsay key export --out <file>'
    print({ peerId, dataDir, keyFile }, `The identity is ${peerId}\nIts key is ${keyFile}; ${copy}`)
  }
}
