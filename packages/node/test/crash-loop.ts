/**
 * What a node does to its data directory, again and again, until it is killed: run by crash.test.ts as a process of its
 * own. Each line on stdout acknowledges an identity that was kept.
 */
import { writeSync } from 'node:fs'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { removePlace, writePlace } from '../src/control/place.ts'
import { openDataDir } from '../src/data-dir.ts'
import { loadIdentity, replaceIdentity } from '../src/key-file.ts'

const dir = process.argv[2]!
const place = { pid: process.pid, socket: `${dir}/control.sock` }

for (;;) {
  await openDataDir(dir)
  const former = peerIdFromPrivateKey(await loadIdentity(dir))
  await writePlace(dir, place)
  const key = await generateKeyPair('Ed25519')
  await replaceIdentity(dir, key)
  writeSync(1, `${former.toString()} ${peerIdFromPrivateKey(key).toString()}\n`)
  await removePlace(dir, place)
}
