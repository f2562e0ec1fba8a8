/** What a part of the benchmark is, and how it says what it found. */
import { quantity } from './comparison.ts'
import type { PlotInit } from '../../simulation/src/report/plot.ts'
import type { Comparison } from './comparison.ts'
import type { Measured } from './rounds.ts'

export interface Figure extends Measured {
  unit: string
}

export interface Part {
  /** `P1` …, or a name of its own for what is measured besides */
  id: string
  name: string
  /** One line for --help */
  summary: string
  run(context: Context): Promise<Comparison[]>
}

/** What a part is told, and where it says what it found */
export class Context {
  readonly rounds: number
  readonly figures: Figure[] = []
  /** By file name, without extension */
  readonly plots = new Map<string, PlotInit>()
  /** What had to be left out, and why */
  readonly leftOut: string[] = []
  /** Everything that was printed */
  readonly lines: string[] = []
  private readonly write: (line: string) => void

  constructor(rounds: number, write: (line: string) => void) {
    this.rounds = rounds
    this.write = write
  }

  readonly print = (line: string): void => {
    this.lines.push(line)
    this.write(line)
  }

  figure(unit: string, ...all: readonly Measured[]): void {
    for (const each of all) {
      this.figures.push({ ...each, unit })
      const { name, median, lowest, highest } = each
      this.print(`  ${name}: ${quantity(median, unit)} (${quantity(lowest, '')}to ${quantity(highest, '').trim()})`)
    }
  }

  leaveOut(what: string, why: string): void {
    this.leftOut.push(`${what}: ${why}`)
    this.print(`  left out: ${what}: ${why}`)
  }

  plot(name: string, init: PlotInit): void {
    this.plots.set(name, init)
  }
}
