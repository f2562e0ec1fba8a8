import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { until } from '../three-nodes/until.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { WriteStream } from 'node:fs'
import type { Readable, Writable } from 'node:stream'

/** What is run for an implementation; the contract is in interop/README.md. */
export interface Program {
  command: string
  args: readonly string[]
  /** Besides the contract's. @default {} */
  env?: Readonly<Record<string, string>>
}

/** The line of JSON with which a peer ends */
export type Report = Record<string, unknown>

export interface PeerInit {
  /** For messages, and the name of its log */
  name: string
  program: Program
  /** `PEER_…`, without the prefix */
  settings: Readonly<Record<string, string>>
  /** Where its log is written */
  logFile: string
  signal: AbortSignal
}

/** In ms: a program that only has to write its line */
const END_TIMEOUT = 20_000
/** In ms: a loaded machine, and a program that is interpreted */
const LISTEN_TIMEOUT = 60_000
/** In s, after which a peer that nobody ends must end by itself */
const OWN_TIMEOUT = '300'
/** Of a program's stdout; the one line with all it heard is far smaller */
const MAX_OUTPUT_LENGTH = 4_194_304

/** What is counted in its log, where it says so */
type Counted = 'verified' | 'heard' | 'found' | 'stores' | 'put'

/** A foreign program under the process contract. */
export class PeerProcess {
  readonly name: string
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  private readonly signal: AbortSignal
  private readonly log: WriteStream
  /** BOUNDED by MAX_OUTPUT_LENGTH; a program that says more is killed */
  private output = ''
  private readonly counts: Record<Counted, number> = { verified: 0, heard: 0, found: 0, stores: 0, put: 0 }
  private problem = ''
  private closed = false

  constructor({ name, program, settings, logFile, signal }: PeerInit) {
    const own = Object.entries({ TIMEOUT: OWN_TIMEOUT, ...settings }).map(([key, value]) => [`PEER_${key}`, value])
    this.name = name
    this.signal = signal
    this.log = createWriteStream(logFile)
    this.child = spawn(program.command, [...program.args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...withoutOurs(), ...program.env, ...(Object.fromEntries(own) as Record<string, string>) }
    })
    // one that has ended does not read what ends it
    this.child.stdin.on('error', () => {})
    this.child.on('error', (err) => (this.problem = err.message))
    this.child.on('close', () => (this.closed = true))
    this.child.stderr.pipe(this.log, { end: false })
    createInterface({ input: this.child.stderr }).on('line', (line) => this.count(line))
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.onOutput(text))
  }

  /** How many lines of its log have this word, followed by an id */
  logged(word: Counted): number {
    return this.counts[word]
  }

  get hasEnded(): boolean {
    return this.closed || this.problem !== ''
  }

  /** Waits until it takes connections */
  async listens(port: number): Promise<void> {
    let open = false
    const attempt = (): void => {
      const socket = connect(port, '127.0.0.1', () => {
        open = true
        socket.destroy()
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        if (!open && !this.hasEnded) {
          setTimeout(attempt, 50)
        }
      })
    }
    attempt()
    await this.until(`${this.name} to listen`, () => open || this.hasEnded, LISTEN_TIMEOUT)

    if (!open) {
      throw new Error(`${this.name} ended before it listened: ${this.exit()}`)
    }
  }

  /**
   * Tells it to end.
   *
   * @throws {Error} unless it wrote one line of JSON and ended with exit code 0
   */
  async end(): Promise<Report> {
    this.child.stdin.end()
    return this.result(END_TIMEOUT)
  }

  /** Waits until it ends by itself, at most so many ms; throws as `end` does */
  async result(within: number): Promise<Report> {
    await this.until(`${this.name} to end`, () => this.hasEnded, within)

    if (this.problem !== '' || this.child.exitCode !== 0) {
      throw new Error(`${this.name} should end with exit code 0, and ended with ${this.exit()}`)
    }

    return this.parse()
  }

  /** Waits until it is gone, without a word */
  async killed(): Promise<void> {
    this.kill()
    await this.until(`${this.name} to be killed`, () => this.hasEnded, END_TIMEOUT)
  }

  kill(): void {
    if (!this.hasEnded) {
      this.child.kill('SIGKILL')
    }
  }

  /** Once nothing more is written to its log */
  async dispose(): Promise<void> {
    this.kill()
    await until(`${this.name} to be gone`, () => this.hasEnded, { signal: new AbortController().signal })
    this.log.end(`\n--- stdout ---\n${this.output}\n--- ${this.exit()} ---\n`)
    await finished(this.log)
  }

  private count(line: string): void {
    const [, word] = /\b(verified|heard|found|stores|put) [0-9A-Za-z/]/.exec(line) ?? []

    if (word !== undefined) {
      this.counts[word as Counted]++
    }
  }

  private onOutput(text: string): void {
    this.output += text

    if (this.output.length > MAX_OUTPUT_LENGTH) {
      this.output = ''
      this.problem = 'more output than one line'
      this.child.kill('SIGKILL')
    }
  }

  private parse(): Report {
    const lines = this.output.split('\n').filter((line) => line.trim() !== '')

    if (lines.length !== 1) {
      throw new Error(`${this.name} should write one line to stdout, and wrote ${lines.length}`)
    }

    try {
      return Object(JSON.parse(lines[0]!)) as Report
    } catch (err) {
      throw new Error(`${this.name} should write one line of JSON: ${(err as Error).message}`, { cause: err })
    }
  }

  private exit(): string {
    return this.problem || `exit code ${this.child.exitCode ?? this.child.signalCode ?? 'none yet'}`
  }

  private async until(what: string, done: () => boolean, within: number): Promise<void> {
    await until(what, done, { within, signal: this.signal })
  }
}

/** Without variables of ours, which are another program's settings */
function withoutOurs(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HEARSAY|PEER)_/.test(name)))
}
