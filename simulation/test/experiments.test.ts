import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repeatPaper } from '../src/cup2py/experiment.ts'
import { recordsScenarios } from '../src/attack/records-scenarios.ts'
import { scenarios } from '../src/attack/scenarios.ts'
import { Report } from '../src/experiment.ts'
import { experiments } from '../src/experiments.ts'
import { readScenarios, scenarioExperiment } from '../src/scenario-files.ts'
import { shoutExperiment } from '../src/shout/experiment.ts'

const root = join(import.meta.dirname, '../..')
const SLOW = 60_000
let folder = ''

async function run(script: string, ...options: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const parameters = ['--conditions=@hearsay/source', join(root, 'simulation', script), ...options]
  return promisify(execFile)(process.execPath, parameters).then(
    (result) => ({ ...result, code: 0 }),
    (err: { stdout: string; stderr: string; code: number }) => err
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearsay-simulation-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

describe('an experiment', { timeout: SLOW }, () => {
  it('of SHOUT finds everything as the paper has it, and draws it', async () => {
    const report = new Report(folder, () => {})
    await shoutExperiment.run(report)
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(report.checks).toHaveLength(5)
    const files = await readdir(folder)
    expect(files).toEqual(
      expect.arrayContaining(['shout.json', 'shout-messages.svg', 'shout-lag.svg', 'shout-worst-cases.svg'])
    )
  })

  it('of CUP2PY repeats the published script to the digit, compares our engines with it, and draws it', async () => {
    const lines: string[] = []
    const report = new Report(folder, (line) => lines.push(line))
    repeatPaper(report, undefined, 3)
    const files = (await readdir(folder)).filter((file) => file.startsWith('cup2py'))
    const { published } = JSON.parse(await readFile(join(folder, 'cup2py.json'), 'utf8')) as { published: unknown[] }
    expect(report.checks).toHaveLength(3)
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(files.filter((file) => file.endsWith('.svg'))).toHaveLength(3 + 4 + 1)
    expect(published).toHaveLength(30)
    expect(lines.join('\n')).toMatch(/nodes +756 +755\.5 +755\.5/)
  })

  it('that fails says how to repeat it', async () => {
    const lines: string[] = []
    const scenario = readScenarios()[0]!
    const report = new Report(folder, (line) => lines.push(line))
    await scenarioExperiment({ ...scenario, nodes: 30, expect: { coverage: 1.1 } }).run(report, 77)
    expect(lines.at(-1)).toMatch(/^FAIL .*coverage .*replay: pnpm simulate gossip-200 --seed 77$/)
    expect(report.close()).toBe(1)
    expect(lines.at(-1)).toBe('0 passed, 1 failed')
  })
})

describe('pnpm simulate', () => {
  it('lists its scenarios', { timeout: SLOW }, async () => {
    const { stdout } = await run('main.ts', '--help')
    experiments.forEach(({ name, summary }) => expect(stdout).toMatch(new RegExp(`${name} .*${summary.slice(0, 20)}`)))
  })

  it('names what there is when asked for what there is not', { timeout: SLOW }, async () => {
    const { code, stderr } = await run('main.ts', 'nonsense')
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^simulate: no scenario nonsense; there are cup2py, shout/)
    ])
  })
})

describe('docs/simulation.md', () => {
  it('has the example that lies in simulation/examples, and it runs', { timeout: SLOW }, async () => {
    const guide = await readFile(join(root, 'docs/simulation.md'), 'utf8')
    const example = await readFile(join(root, 'simulation/examples/own-network.ts'), 'utf8')
    const [, shown] = /```ts\n(.*?)```/s.exec(guide)!
    expect(shown).toBe(example)
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(20)
    const { stdout } = await run('examples/own-network.ts')
    expect(Number(/delivery: ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(0.98)
  })

  it('names every scenario and every attack', async () => {
    const guide = await readFile(join(root, 'docs/simulation.md'), 'utf8')
    ;[...experiments, ...scenarios, ...recordsScenarios].forEach(({ name }) => expect(guide).toContain(`\`${name}\``))
  })
})
