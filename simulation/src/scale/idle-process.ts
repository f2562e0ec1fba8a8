/** Prints what one idle peer takes of an engine, in bytes: to be run with `--expose-gc`. */
import { idlePeerBytes } from './idle-peer.ts'
import type { ProtocolName } from './population.ts'

console.log(JSON.stringify(await idlePeerBytes[process.argv[2] as ProtocolName]()))
