import { Sha256 } from '@hearsay/protocol-core/pure'
import { gossipDialect } from './dialect-gossip.ts'
import { midtermDialect } from './dialect-midterm.ts'
import { p2pDialect } from './dialect-p2p.ts'
import type { DialectName } from './contract.ts'
import type { Dialect } from './dialect.ts'

export const DIALECT_NAMES: readonly DialectName[] = ['gossip', 'gossip-p2p', 'gossip-midterm']

/**
 * The dialects of these names, in this order.
 *
 * @param sha256 - a faster one than plain JavaScript's, where there is one
 */
export function dialectsOf(names: readonly DialectName[], sha256 = Sha256.digest): Dialect[] {
  const all: Record<DialectName, Dialect> = {
    gossip: gossipDialect,
    'gossip-midterm': midtermDialect,
    'gossip-p2p': p2pDialect(sha256)
  }
  return names.map((name) => all[name])
}
