import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closingLine } from '../../../scripts/command-line.ts'
import { idOf, isMeant } from './cell.ts'
import { cellsOf, checkNames, compositionCell } from './cells.ts'
import { faults, tryFault } from './faults.ts'
import { available, implementations, nodeProgram } from './implementations.ts'
import { HELP, parseOptions } from './options.ts'
import { ourNode } from './our-node.ts'
import { offered } from './our-side.ts'
import { ownCells } from './own-cells.ts'
import { score } from './report.ts'
import { runCells } from './run.ts'
import { writeReport } from './write-report.ts'
import type { Cell, Result } from './cell.ts'
import type { FaultResult } from './faults.ts'
import type { Available, Implementation } from './implementations.ts'
import type { Options } from './options.ts'
import type { OurNode } from './our-node.ts'
import type { Program } from './peer-process.ts'
import type { RunInit } from './run.ts'

/** What the shell sees: all passed, something failed, or asked for the wrong way; or 128 and the signal's number. */
export const ExitCode = { OK: 0, FAILED: 1, USAGE: 2, SIGINT: 130, SIGTERM: 143 } as const

const OUT = fileURLToPath(new URL('../..', import.meta.url))
/** Those that take turns in mixed networks */
const FOREIGN: readonly string[] = ['go', 'rust', 'python', 'node']
const COMMAND = 'npx -y pnpm@12 interop'

/**
 * The `interop` command.
 *
 * @param print - takes one line
 * @returns the exit code
 */
export async function interop(args: readonly string[], print: (line: string) => void): Promise<number> {
  let options

  try {
    options = parseOptions(args)
  } catch (err) {
    print(`interop: ${(err as Error).message} (--help shows what there is)`)
    return ExitCode.USAGE
  }

  if (options.help) {
    print(HELP)
    return ExitCode.OK
  }

  const interrupted = new AbortController()
  const onSignal = (signal: NodeJS.Signals): void => interrupted.abort(signal)
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)

  try {
    const failed = await new Run(options, interrupted.signal, print).all()
    return failed === 0 ? ExitCode.OK : ExitCode.FAILED
  } catch (err) {
    if (!interrupted.signal.aborted) {
      throw err
    }

    return ExitCode[interrupted.signal.reason as 'SIGINT' | 'SIGTERM']
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

/** One run of the matrix. */
class Run {
  private readonly options: Options
  private readonly signal: AbortSignal
  private readonly print: (line: string) => void
  private readonly out: string
  private readonly ours: OurNode
  private readonly began = performance.now()
  private readonly started = new Date().toISOString()
  private readonly known: readonly Implementation[]
  private readonly there = new Map<string, Available>()

  constructor(options: Options, signal: AbortSignal, print: (line: string) => void) {
    this.options = options
    this.signal = signal
    this.print = print
    this.ours = ourNode(options.main)
    this.out = resolve(options.out ?? OUT)
    this.known = [...implementations, ...(options.peer === undefined ? [] : [yours(options.peer, options.speaks)])]
  }

  /** @returns how much failed */
  async all(): Promise<number> {
    const isMixed = this.concerns('mixed')
    const wanted = this.known.filter(({ name }) => this.concerns(name) || (isMixed && FOREIGN.includes(name)))
    mkdirSync(join(this.out, 'report'), { recursive: true })
    const offer = this.needsOffer(wanted)
      ? await offered(join(this.out, 'report', 'our-side'), this.ours, this.signal)
      : {}
    const mixed = compositionCell(FOREIGN, (name) => this.programOf(name))
    const all = [...ownCells, ...wanted.flatMap((each) => cellsOf(each, offer)), mixed]
    const cells = all.filter((cell) => this.isWanted(cell))
    checkNames(cells)

    if (this.options.list) {
      cells.forEach((cell) => this.print(idOf(cell)))
      return 0
    }

    await this.prepare(wanted)
    const results = await runCells(
      cells.map((cell) => this.unlessMissing(cell)),
      this.init()
    )
    const broken = this.options.faults && this.options.fault === undefined ? await this.tryFaults(offer) : []
    this.signal.throwIfAborted()
    return this.close(results, broken)
  }

  /** Whether what our node offers decides about a cell, or a broken peer */
  private needsOffer(wanted: readonly Implementation[]): boolean {
    const { list, faults: all, fault } = this.options
    const cells = wanted.flatMap((each) => cellsOf(each, {})).filter((cell) => this.isWanted(cell))
    return !list && ((all && fault === undefined) || cells.some(({ protocol }) => protocol !== 'vectors'))
  }

  private concerns(name: string): boolean {
    const { only } = this.options
    return only.length === 0 || only.some((pattern) => isMeant(name, pattern.split('/')[0]!))
  }

  private isWanted(cell: Cell): boolean {
    const { only } = this.options
    return only.length === 0 || only.some((pattern) => isMeant(idOf(cell), pattern))
  }

  /** One after the other: each build uses all cores */
  private async prepare(wanted: readonly Implementation[]): Promise<void> {
    rmSync(join(this.out, 'report'), { recursive: true, force: true })

    for (const implementation of wanted) {
      const found = await available(implementation, (line) => this.say(line), this.options.reduced)
      this.there.set(implementation.name, found)
      this.say(`${implementation.name}: ${describe(found)}`)
    }
  }

  private unlessMissing(cell: Cell): Cell {
    const found = this.there.get(cell.implementation)

    if (found !== undefined && 'missing' in found) {
      return { ...cell, missing: found.missing }
    } else if (found !== undefined && 'broken' in found) {
      return { ...cell, run: async () => Promise.reject(new Error(`the build failed: ${found.broken}`)) }
    }

    return cell
  }

  /** What can be run of an implementation */
  private programOf(name: string): Program | undefined {
    const found = this.there.get(name)
    return found !== undefined && 'program' in found ? found.program : undefined
  }

  private init(): RunInit {
    const { fault, atOnce } = this.options
    return {
      out: this.out,
      ours: this.ours,
      programOf: (name) => {
        const program = this.programOf(name) ?? { command: '', args: [] }
        return fault === undefined ? program : { ...program, env: { ...program.env, PEER_FAULT: fault } }
      },
      replayOf: (id) => `${COMMAND} --no-faults --only ${id}`,
      concurrency: atOnce,
      signal: this.signal,
      onResult: (result) => this.tell(result)
    }
  }

  private async tryFaults(offer: Awaited<ReturnType<typeof offered>>): Promise<FaultResult[]> {
    const node = implementations.find(({ name }) => name === 'node')!
    const [cells, program] = [cellsOf(node, offer), nodeProgram('node/peer.ts')]
    const results: FaultResult[] = []
    const queue = [...faults]
    const work = async (): Promise<void> => {
      for (let fault = queue.shift(); fault !== undefined && !this.signal.aborted; fault = queue.shift()) {
        const result = await tryFault(fault, cells, program, this.init())
        results.push(result)
        this.say(`broken peer ${fault.name}: ${result.found ? `found by ${result.cells[0]!.id}` : 'NOT FOUND'}`)
      }
    }
    await Promise.all(Array.from({ length: this.options.atOnce }, work))
    return results.toSorted((a, b) => a.name.localeCompare(b.name))
  }

  /** Writes the report and the last lines */
  private close(cells: Result[], broken: FaultResult[]): number {
    const count = (verdict: Result['verdict']): number => cells.filter((each) => each.verdict === verdict).length
    const lacking = this.options.require.filter((name) => !this.has(name))
    lacking.forEach((name) => this.print(`  FAILED --require ${name}: it is not there`))
    const failed = count('failed') + broken.filter(({ found }) => !found).length + lacking.length
    const passed = count('passed') + broken.filter(({ found }) => found).length
    const notRun = count('not run')
    const seconds = Math.round((performance.now() - this.began) / 1_000)
    const versions = Object.fromEntries([...this.there].map(([name, found]) => [name, describe(found)]))
    writeReport(this.out, { started: this.started, seconds, versions, cells, faults: broken, passed, failed, notRun })
    this.print(`${score(broken)}; ${notRun} cells not run; see ${join(this.out, 'report.html')}`)
    this.print(closingLine({ passed, failed }))
    return failed
  }

  private has(name: string): boolean {
    const found = this.there.get(name)
    return found !== undefined && !('missing' in found)
  }

  private tell({ id, verdict, reason, seconds }: Result): void {
    if (verdict !== 'not run') {
      this.say(
        `${verdict === 'passed' ? 'passed' : 'FAILED'} ${id} (${seconds} s)${reason === undefined ? '' : `: ${reason}`}`
      )
    }
  }

  private say(text: string): void {
    this.print(`${((performance.now() - this.began) / 1_000).toFixed(1).padStart(6)} s  ${text}`)
  }
}

function describe(found: Available): string {
  return 'missing' in found
    ? `not run, ${found.missing}`
    : 'broken' in found
      ? `broken: ${found.broken}`
      : found.versions
}

/** A program that somebody tests here */
function yours([command = '', ...args]: readonly string[], protocols: readonly string[]): Implementation {
  return {
    name: 'yours',
    title: command,
    toolchain: [],
    protocols,
    apis: [],
    vectors: [],
    prepare: async () => ({ command, args })
  }
}
