import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checks } from '../src/three-nodes/checks.ts'
import { attempt, threeNodes } from '../src/three-nodes/command.ts'
import { Line } from '../src/three-nodes/line.ts'
import type { ChildProcess } from 'node:child_process'

const SCRIPT = fileURLToPath(new URL('../three-nodes.ts', import.meta.url))
/** In ms: two proofs of work and an announce, when each takes as long as it may */
const PATIENCE = 180_000

describe('three nodes in a line', () => {
  let line: Line

  beforeAll(() => {
    line = new Line({ say: () => {}, signal: new AbortController().signal })
  })

  afterAll(() => line.dispose())

  it.each(checks)('$name', { timeout: PATIENCE }, async (check) => {
    await expect(attempt(check, line)).resolves.toBeUndefined()
  })
})

describe('the script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-interop-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  interface Outcome {
    code: number | null
    output: string
    last: string | undefined
  }

  /** @param onOutput - gets all it printed so far, after each chunk */
  async function script(args: string[], onOutput?: (output: string, child: ChildProcess) => void): Promise<Outcome> {
    const child = spawn(process.execPath, [SCRIPT, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder }
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      onOutput?.(output, child)
    })
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { code, output, last: output.trimEnd().split('\n').at(-1) }
  }

  function program(source: string): string {
    const path = join(folder, `${crypto.randomUUID()}.mjs`)
    writeFileSync(path, source)
    return path
  }

  /** What a run left behind */
  function remains({ output }: Outcome): { processes: number[]; folders: string[] } {
    const pids = [...output.matchAll(/is process (\d+)/g)].map(([, pid]) => Number(pid))
    return {
      processes: pids.filter(isAlive),
      folders: readdirSync(folder).filter((name) => name.startsWith('hearsay-'))
    }
  }

  function isAlive(pid: number): boolean {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const)('ends its nodes and removes its files on %s', { timeout: PATIENCE }, async (signal, code) => {
    let sent = false
    const outcome = await script([], (output, child) => {
      if (!sent && output.includes('C is process')) {
        sent = child.kill(signal)
      }
    })
    expect(outcome.output).toMatch(new RegExp(`FAILED .*: interrupted by ${signal}\n`))
    expect(outcome.last).toMatch(/^\d+ passed, 1 failed$/)
    expect(outcome.code).toBe(code)
    expect(outcome.output.match(/is process/g)).toHaveLength(3)
    expect(remains(outcome)).toEqual({ processes: [], folders: [] })
  })

  it('fails, with what the nodes said last, and cleans up', { timeout: PATIENCE }, async () => {
    const outcome = await script([program("console.error('no mood for it'); process.exitCode = 3")])
    expect(outcome.output).toContain('FAILED three nodes start on free ports: A ended before it listened: exit code 3')
    expect(outcome.output).toContain('A | no mood for it')
    expect(outcome.output).toContain('node B is not there: an earlier check failed')
    expect(outcome.last).toBe(`0 passed, ${checks.length} failed`)
    expect(outcome.code).toBe(1)
    expect(remains(outcome)).toEqual({ processes: [], folders: [] })
  })

  it('kills nodes that do not end by themselves', { timeout: PATIENCE }, async () => {
    const source = `
      process.on('SIGTERM', () => {})
      console.log(JSON.stringify({ peerId: 'x', listen: ['/ip4/127.0.0.1/tcp/1'], gossipApi: '127.0.0.1:1' }))
      setInterval(() => {}, 1_000)`
    let sent = false
    const outcome = await script([program(source)], (output, child) => {
      if (!sent && output.includes('cannot connect to 127.0.0.1:1')) {
        sent = child.kill('SIGINT')
      }
    })
    expect(outcome.output.match(/is process/g)).toHaveLength(3)
    expect(outcome.code).toBe(130)
    expect(remains(outcome)).toEqual({ processes: [], folders: [] })
  })

  it('says so when there is nothing to run', async () => {
    const { code, output, last } = await script([join(folder, 'nowhere.js')])
    expect(output).toContain('nowhere.js does not exist: build it with "npx -y pnpm@12 build"')
    expect([code, last]).toEqual([1, `0 passed, ${checks.length} failed`])
  })

  it.each([
    ['--help', 0, 'Usage: node interop/three-nodes.ts'],
    ['--fast', 2, "three-nodes: Unknown option '--fast'"]
  ])('answers to %s', async (option, code, answer) => {
    const lines: string[] = []
    expect(await threeNodes([option], (line) => lines.push(line))).toBe(code)
    expect(lines).toEqual([expect.stringContaining(answer)])
  })
})
