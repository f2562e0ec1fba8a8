import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { until } from './until.ts'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface HearsayInit {
  /** For messages */
  name: string
  /** The program's main file */
  main: string
  dataDir: string
  /** Further flags of `hearsay start` */
  flags: readonly string[]
  signal: AbortSignal
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  /** In ms, since it was told to */
  took: number
}

/** In ms: Node.js, libp2p and a new identity on a slow machine */
const START_TIMEOUT = 30_000
/** In ms; a killed process ends at once, and one that was asked to has two seconds */
const EXIT_TIMEOUT = 10_000
/** Lines of stderr kept, the newest */
const MAX_LOG_LINES = 1_000

/** One `hearsay start --json` as a process of its own. */
export class HearsayProcess {
  readonly name: string
  /** What it logged. BOUNDED by MAX_LOG_LINES */
  readonly log: string[] = []
  private readonly child: ChildProcessByStdio<null, Readable, Readable>
  private readonly signal: AbortSignal
  private firstLine = ''
  private problem = ''
  /** Ended, and all it wrote is read */
  private closed = false

  private constructor({ name, main, dataDir, flags, signal }: HearsayInit) {
    const args = [main, 'start', '--json', '--data-dir', dataDir, ...flags]
    this.name = name
    this.signal = signal
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: ownEnvironment() })
    this.child.on('error', (err) => (this.problem = err.message))
    this.child.on('close', () => (this.closed = true))
    createInterface({ input: this.child.stdout }).once('line', (line) => (this.firstLine = line))
    createInterface({ input: this.child.stderr }).on('line', (line) => {
      this.log.push(line)
      this.log.splice(0, this.log.length - MAX_LOG_LINES)
    })
  }

  /**
   * @param onSpawn - gets it before it is ready, to end it whatever happens
   * @returns when everything listens
   */
  static async start(init: HearsayInit, onSpawn: (node: HearsayProcess) => void): Promise<HearsayProcess> {
    const node = new HearsayProcess(init)
    onSpawn(node)
    await until(`the first line of ${init.name}`, () => node.firstLine !== '' || node.closed, {
      within: START_TIMEOUT,
      signal: init.signal
    })

    if (node.firstLine === '') {
      throw new Error(
        `${init.name} ended before it listened: ${node.problem || `exit code ${node.child.exitCode ?? node.child.signalCode}`}`
      )
    }

    return node
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  get hasEnded(): boolean {
    return this.problem !== '' || this.child.exitCode !== null || this.child.signalCode !== null
  }

  get peerId(): string {
    return this.property('peerId')
  }

  /** A multiaddr with the peer id */
  get address(): string {
    return this.property('listen')
  }

  /** Of the gossip API */
  get api(): string {
    return this.property('gossipApi')
  }

  /** Of the DHT API, where there is one */
  get dhtApi(): string {
    return this.property('dhtApi')
  }

  /** Lines of its log with all of these texts in them */
  logged(...texts: string[]): string[] {
    return this.log.filter((line) => texts.every((text) => line.includes(text)))
  }

  async end(signal: NodeJS.Signals): Promise<Exit> {
    const began = performance.now()
    this.child.kill(signal)
    const options = { within: EXIT_TIMEOUT, signal: this.signal }
    await until(`${this.name} to end after ${signal}`, () => this.hasEnded, options)
    return { code: this.child.exitCode, signal: this.child.signalCode, took: performance.now() - began }
  }

  /** At once, and without waiting for it */
  kill(): void {
    if (!this.hasEnded) {
      this.child.kill('SIGKILL')
    }
  }

  private property(name: 'peerId' | 'listen' | 'gossipApi' | 'dhtApi'): string {
    const { [name]: value } = parse(this.firstLine)
    const text: unknown = Array.isArray(value) ? value[0] : value

    if (typeof text !== 'string') {
      throw new Error(`the first line of ${this.name} has no ${name}: ${this.firstLine}`)
    }

    return text
  }
}

/** Nothing, when it is not an object */
function parse(line: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** Without the node's own variables, which would change what is shown */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HEARSAY_')))
}
