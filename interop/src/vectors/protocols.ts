import { cup2py } from './cup2py.ts'
import { dht } from './dht.ts'
import { gossip } from './gossip.ts'
import { rsa } from './rsa.ts'
import { shout } from './shout.ts'
import type { Protocol } from './case.ts'

/** Those whose files can be checked; a file belongs to the one that knows most of its sections. */
export const protocols: readonly Protocol[] = [cup2py, dht, gossip, rsa, shout]
