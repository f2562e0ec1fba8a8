/**
 * Peers that are broken on purpose: each must turn the cell red that is about what it does wrong. The fault is in
 * interop/peers/node, in the branch of this name.
 */
import { idOf } from './cell.ts'
import { runCell } from './run.ts'
import type { Cell, Result } from './cell.ts'
import type { Program } from './peer-process.ts'
import type { RunInit } from './run.ts'

export interface Fault {
  name: string
  about: string
  /** Cells of the implementation `node`, one of which must fail */
  cells: readonly string[]
  /** What the reason must say: a cell that fails for another one has not found it */
  because: RegExp
}

export const faults: readonly Fault[] = [
  {
    name: 'little-endian-proof',
    about: 'hashes the nonce little-endian',
    cells: ['vectors/originals-gossip/agrees'],
    because: /whether it proves is false|the sum is/
  },
  {
    name: 'ttl-kept',
    about: 'passes on with the ttl it got',
    cells: ['gossip/dial/ttl'],
    because: /how often C heard/
  },
  { name: 'ttl-two-less', about: 'takes two from the ttl', cells: ['gossip/listen/ttl'], because: /how often C heard/ },
  {
    name: 'id-of-16-bits',
    about: 'passes on with the lowest 16 bits of the id',
    cells: ['gossip/dial/once'],
    because: /that A heard twice/
  },
  {
    name: 'no-memory',
    about: 'takes every copy for a new announce',
    cells: ['gossip/listen/once'],
    because: /heard twice/
  },
  {
    name: 'impatient',
    about: 'announces before its proof is judged',
    cells: ['gossip/dial/speaks'],
    because: /verify each other|not done within/
  },
  {
    name: 'takes-any-proof',
    about: 'lets everybody pass its gate',
    cells: ['gossip/listen/refuses'],
    because: /to close the stream/
  },
  {
    name: 'same-challenge',
    about: 'gives everybody the same challenge',
    cells: ['gossip/listen/refuses'],
    because: /challenges that differ/
  },
  {
    name: 'size-of-body',
    about: 'does not count the size field in the size',
    cells: ['gossip/listen/gate'],
    because: /verify each other|not done within/
  },
  {
    name: 'flag-in-top-bit',
    about: 'puts V into the highest bit',
    cells: ['gossip/listen/hears'],
    because: /verify each other|not done within/
  },
  {
    name: 'fields-swapped',
    about: 'writes the data type before the ttl',
    cells: ['gossip/dial/speaks'],
    because: /to be heard/
  },
  {
    name: 'cuts-large',
    about: 'takes no more than 32,767 bytes of data',
    cells: ['gossip/dial/hears'],
    because: /what the peer heard/
  },
  {
    name: 'says-all-valid',
    about: 'answers every notification with V=1',
    cells: ['gossip-api/client/validates'],
    because: /how often C heard/
  },
  {
    name: 'pss-salt',
    about: 'takes PSS signatures with a salt of any length',
    cells: ['vectors/originals-rsa/agrees'],
    because: /whether it is accepted is true/
  },
  {
    name: 'lazy-vectors',
    about: 'says that all vectors are right',
    cells: ['vectors/gossip/notices'],
    because: /did not notice/
  }
]

export interface FaultResult {
  name: string
  about: string
  found: boolean
  /** The cell that found it, or those that did not; with the reason */
  cells: Result[]
}

/** Runs a broken peer until a cell fails, as it should. */
export async function tryFault(
  fault: Fault,
  cells: readonly Cell[],
  program: Program,
  init: RunInit
): Promise<FaultResult> {
  const broken = { ...program, env: { ...program.env, PEER_FAULT: fault.name } }
  const results: Result[] = []

  for (const wanted of fault.cells) {
    const cell = cells.find((each) => idOf(each) === `node/${wanted}`)

    if (cell === undefined) {
      throw new Error(`the fault ${fault.name} is about node/${wanted}, and there is no such cell`)
    }

    const named = { ...cell, implementation: `fault-${fault.name}`, timeout: FAULT_TIMEOUT }
    const result = await runCell(named, { ...init, programOf: () => broken })
    results.push({ ...result, replay: `${init.replayOf(idOf(cell))} --fault ${fault.name}` })

    if (result.verdict === 'failed' && fault.because.test(result.reason ?? '')) {
      return { name: fault.name, about: fault.about, found: true, cells: [result] }
    }
  }

  return { name: fault.name, about: fault.about, found: false, cells: results }
}

/** In ms: a broken peer often keeps a cell waiting */
const FAULT_TIMEOUT = 50_000
