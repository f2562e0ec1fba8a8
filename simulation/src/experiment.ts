import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closingLine } from '../../scripts/command-line.ts'

/** One thing that must hold, and whether it does */
export interface Check {
  what: string
  passed: boolean
  /** What was found instead, where it does not */
  found?: string
}

/** Where an experiment says what it found. */
export class Report {
  readonly checks: Check[] = []
  private readonly folder: string
  private readonly print: (line: string) => void

  /** @param folder - for JSON and SVG files, made when needed */
  constructor(folder: string, print: (line: string) => void) {
    this.folder = folder
    this.print = print
  }

  line(text: string): void {
    this.print(text)
  }

  json(name: string, value: unknown): void {
    this.save(`${name}.json`, `${JSON.stringify(value, undefined, 2)}\n`)
  }

  svg(name: string, picture: string): void {
    this.save(`${name}.svg`, picture)
  }

  check(what: string, passed: boolean, found?: string): void {
    this.checks.push({ what, passed, ...(found === undefined ? {} : { found }) })
    this.print(`${passed ? 'pass' : 'FAIL'} ${what}${passed || found === undefined ? '' : `: ${found}`}`)
  }

  /** Checks that did not hold so far */
  get failed(): number {
    return this.checks.filter(({ passed }) => !passed).length
  }

  /** The closing line. @returns the exit code */
  close(): number {
    const { failed } = this
    this.print(closingLine({ passed: this.checks.length - failed, failed }))
    return failed === 0 ? 0 : 1
  }

  private save(file: string, content: string): void {
    mkdirSync(this.folder, { recursive: true })
    writeFileSync(join(this.folder, file), content)
  }
}

export interface Experiment {
  name: string
  /** One line for --help */
  summary: string
  /** Left out of a run of all */
  apart?: boolean
  /** @param seed - undefined: its own */
  run: (report: Report, seed?: number) => void | Promise<void>
}
