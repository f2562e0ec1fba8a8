import { cup2pyVectors } from './cup2py.ts'
import { dhtApiVectors, dhtRecordVectors } from './dht.ts'
import { gossipVectors } from './gossip.ts'
import { proofVectors } from './proofs.ts'
import { shoutVectors } from './shout.ts'
import type { Vector } from '../messages/vector.ts'

/** All vectors by name of their file: the same each time */
export async function generate(): Promise<Record<string, Vector[]>> {
  return {
    ...gossipVectors(),
    'gossip-proofs.json': proofVectors(),
    'dht-api.json': dhtApiVectors(),
    'dht-records.json': await dhtRecordVectors(),
    'cup2py.json': await cup2pyVectors(),
    'shout.json': await shoutVectors()
  }
}

/** A file's text */
export function fileText(vectors: readonly Vector[]): string {
  return `[\n${vectors.map((vector) => `  ${JSON.stringify(vector)}`).join(',\n')}\n]\n`
}
