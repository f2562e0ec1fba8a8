/** The command `hearsay` as a shell runs it, in directories of its own and an environment without options. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { within } from './api-client.ts'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'

export const MAIN = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** Of a terminal */
export const COLUMNS = 80
/** Python comes with pseudo-terminals, Node.js does not */
const IN_TERMINAL = `import os, pty, sys
sized = ['sh', '-c', 'stty cols ${COLUMNS} rows 24 && exec "$@"', 'sh']
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sized + sys.argv[1:])))`

export interface Outcome {
  code: number | NodeJS.Signals
  stdout: string
  stderr: string
}

export interface Process {
  child: ChildProcessWithoutNullStreams
  /** So far */
  output: { stdout: string; stderr: string }
  ended: Promise<number | NodeJS.Signals>
}

export interface RunningNode extends Process {
  dataDir: string
  peerId: string
  listen: string[]
  gossipApi: string
  dhtApi: string
}

export class Shell {
  private readonly root = mkdtempSync(join(tmpdir(), 'hearsay-shell-test-'))
  private readonly running = new Set<Process>()

  dir(): string {
    return mkdtempSync(join(this.root, 'data-'))
  }

  spawn(args: readonly string[], env: Record<string, string> = {}): Process {
    return this.launch([process.execPath, MAIN, ...args], env)
  }

  /** As a person at a terminal runs it: all it says is in `stdout`, and what is written to stdin was typed */
  terminal(args: readonly string[]): Process {
    return this.launch(['python3', '-c', IN_TERMINAL, process.execPath, MAIN, ...args], {})
  }

  private launch([program, ...args]: readonly string[], env: Record<string, string>): Process {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HEARSAY_'))
    const child = spawn(program!, args, {
      env: {
        ...Object.fromEntries(inherited),
        XDG_DATA_HOME: join(this.root, 'home'),
        // a third less to wait for each command
        NODE_COMPILE_CACHE: join(this.root, 'compiled'),
        COLUMNS: '200',
        ...env
      }
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk) => (output.stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (output.stderr += String(chunk)))
    // it may end before it has read all
    child.stdin.on('error', () => {})
    const ended = once(child, 'close').then(([code, signal]) => {
      this.running.delete(made)
      return (code ?? signal) as number | NodeJS.Signals
    })
    const made = { child, output, ended }
    this.running.add(made)
    return made
  }

  async run(
    args: readonly string[],
    { env, stdin = '' }: { env?: Record<string, string>; stdin?: string | Buffer } = {}
  ): Promise<Outcome> {
    const { child, output, ended } = this.spawn(args, env)
    child.stdin.end(stdin)
    return { code: await within(ended, `the end of hearsay ${args.join(' ')}`, 30_000), ...output }
  }

  /** What a command says with `--json` */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '--json'])

    if (code !== 0) {
      throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
    }

    return JSON.parse(stdout) as T
  }

  /** A node on free ports, once it says where */
  async node(...args: string[]): Promise<RunningNode> {
    return this.nodeIn(this.dir(), ...args)
  }

  async nodeIn(dataDir: string, ...args: string[]): Promise<RunningNode> {
    return this.start(dataDir, {}, args)
  }

  /** With variables in its environment */
  async nodeWith(env: Record<string, string>, ...args: string[]): Promise<RunningNode> {
    return this.start(this.dir(), env, args)
  }

  private async start(dataDir: string, env: Record<string, string>, args: string[]): Promise<RunningNode> {
    const free = ['--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0', '--dht-api', '127.0.0.1:0']
    const made = this.spawn(['start', '--json', '--data-dir', dataDir, '--difficulty-bits', '0', ...free, ...args], env)
    const lines = createInterface({ input: made.child.stdout })
    const [line] = await within(Promise.race([once(lines, 'line'), once(lines, 'close')]), 'the first line', 30_000)

    if (line === undefined) {
      throw new Error(`it did not start: ${made.output.stderr}`)
    }

    return { ...made, dataDir, ...(JSON.parse(String(line)) as Omit<RunningNode, keyof Process | 'dataDir'>) }
  }

  async end(): Promise<void> {
    await Promise.all(
      [...this.running].map(async ({ child, ended }) => {
        child.kill('SIGKILL')
        await ended
      })
    )
    rmSync(this.root, { recursive: true, force: true })
  }
}
