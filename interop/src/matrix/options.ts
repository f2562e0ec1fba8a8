import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'

export const HELP = `Usage: pnpm interop [option…]

Runs peers of other implementations against nodes of ours, and writes interop/report.md, report.json and report.html.
What cannot run here is shown as not run, with the reason.

Options:
  --only <cells>     such as go, go/gossip/dial or */gossip/listen/gate; repeatable
  --require <names>  implementations without which the run fails, with commas between them: go,rust,python
  --reduced          what CI runs: vectors, and announces in both roles, of what is built already or quickly
  --fault <name>     give the peers this fault (see the report), and run no other broken peers
  --no-faults        do not run the broken peers
  --peer <command>   test a program of your own, under the contract in interop/README.md, as implementation "yours"
  --speaks <ids>     what that program speaks, with commas between them; @default /hearsay/gossip/1.0.0
  --main <file>      the program to run as our node; without it, the one built from this workspace
  --at-once <n>      cells at once, 1–16; @default 2
  --out <folder>     where the report goes; @default interop
  --list             the names of all cells, and nothing else
  -h, --help         this text

Examples:
  npx -y pnpm@12 interop                                       everything
  npx -y pnpm@12 interop --only python/gossip --no-faults      a part
  npx -y pnpm@12 interop --only yours --peer './my-peer -v'    your own program

Exit codes: 0 all passed, 1 something failed, 2 a wrong option, 130 or 143 when it was interrupted.`.replaceAll(
  '@default',
  'default'
)

export interface Options {
  /** Patterns; all cells when empty */
  only: readonly string[]
  /** Names of implementations */
  require: readonly string[]
  /** Whether what takes minutes to build is left out unless it is built already */
  reduced: boolean
  fault: string | undefined
  faults: boolean
  /** A command and its arguments */
  peer: readonly string[] | undefined
  speaks: readonly string[]
  /** A file, when it is not the usual one */
  main: string | undefined
  atOnce: number
  /** A folder, when it is not the usual one */
  out: string | undefined
  list: boolean
  help: boolean
}

/** Cells that take a second or two each, and depend on no clock */
const REDUCED = ['go', 'rust', 'python', 'node'].flatMap((name) => [`${name}/vectors`, `${name}/gossip/*/hears`])
const MAX_AT_ONCE = 16

const OPTIONS = {
  only: { type: 'string', multiple: true, default: [] as string[] },
  require: { type: 'string', default: '' },
  reduced: { type: 'boolean', default: false },
  fault: { type: 'string' },
  faults: { type: 'boolean', default: true },
  peer: { type: 'string' },
  speaks: { type: 'string', default: '/hearsay/gossip/1.0.0' },
  main: { type: 'string' },
  'at-once': { type: 'string', default: '2' },
  out: { type: 'string' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} satisfies ParseArgsOptionsConfig

/** @throws {Error} on what is not understood */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], allowNegative: true, options: OPTIONS })
  const atOnce = Number(values['at-once'])

  if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > MAX_AT_ONCE) {
    throw new Error(`--at-once must be 1–${MAX_AT_ONCE}, and is ${values['at-once']}`)
  }

  const { reduced, fault, peer, main, out, list, help } = values
  const only = reduced && values.only.length === 0 ? REDUCED : values.only
  const faults = values.faults && !reduced
  const [require, speaks] = [split(values.require, ','), split(values.speaks, ',')]
  return {
    only,
    require,
    reduced,
    fault,
    faults,
    peer: peer === undefined ? undefined : split(peer, ' '),
    speaks,
    main,
    atOnce,
    out,
    list,
    help
  }
}

function split(text: string, separator: string): string[] {
  return text.split(separator).filter((part) => part !== '')
}
