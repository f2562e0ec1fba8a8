import { bestOf } from './order.ts'
import type { Sealed } from './sealed.ts'

/** One peer alone decides nothing, however few copies the owner wanted */
const FEWEST = 2

/**
 * Whether a walk has seen enough: as many copies of the value that wins as its owner wanted. A newer one would have taken
 * the place of at least one of them.
 *
 * @param records - of one key, one a peer
 * @see docs/specs/dht.md#reads
 */
export function isQuorum(records: readonly Sealed[]): boolean {
  const best = records[bestOf(records)]

  if (best === undefined) {
    return false
  }

  const copies = records.filter(({ digest }) => digest === best.digest).length
  return copies >= Math.max(best.envelope.replication, FEWEST)
}
