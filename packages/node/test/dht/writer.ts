/**
 * Takes one value after another for one key, as a node that others put to, and tells each on stdout once it would have
 * been acknowledged; until it is killed.
 *
 * node --conditions=@hearsay/source writer.ts <data directory> <first sequence>
 */
import { writeSync } from 'node:fs'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { Record } from '@libp2p/kad-dht'
import { openDhtStorage, plainKey } from '@hearsay/node/dht'
import { recordRow } from '../../src/dht/record-store.ts'
import { Owner } from './owners.ts'

const [dataDir = '', first = '1'] = process.argv.slice(2)
const owner = Owner.of(await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7)))
const key = plainKey(new Uint8Array(32).fill(7))
const { rules, records, own } = await openDhtStorage(dataDir)

for (let sequence = Number(first); ; sequence++) {
  const content = { sequence, issuedAt: Date.now(), payload: new Uint8Array(10_000).fill(sequence) }
  const value = await owner.seal(key, content)
  const record = await rules.accept(key, value)
  await own.save(key, value, record)
  await records.put(recordRow(key), new Record(key, value, new Date()).serialize().slice())
  writeSync(1, `${sequence}\n`)
}
