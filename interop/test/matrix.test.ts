import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkOutcomes, programsOf } from '../src/features/composition.ts'
import { Bench } from '../src/matrix/bench.ts'
import { idOf, isMeant } from '../src/matrix/cell.ts'
import { cellsOf, checkNames } from '../src/matrix/cells.ts'
import { interop } from '../src/matrix/command.ts'
import { MissingError } from '../src/matrix/execute.ts'
import { faults, tryFault } from '../src/matrix/faults.ts'
import { available, implementations, nodeProgram } from '../src/matrix/implementations.ts'
import { nodeOf, nodeVersions } from '../src/matrix/node-versions.ts'
import { ourNode } from '../src/matrix/our-node.ts'
import { parseOptions } from '../src/matrix/options.ts'
import { grids, score } from '../src/matrix/report.ts'
import { runCells } from '../src/matrix/run.ts'
import { writeReport } from '../src/matrix/write-report.ts'
import type { Cell, Result } from '../src/matrix/cell.ts'
import type { Program } from '../src/matrix/peer-process.ts'
import type { RunInit } from '../src/matrix/run.ts'

/** In ms: nodes, peers and their proofs on a loaded machine */
const PATIENCE = 120_000
const OURS = ourNode()
const OFFER = { '/hearsay/gossip/1.0.0': [] }

const folder = mkdtempSync(join(tmpdir(), 'hearsay-matrix-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A program in Node.js */
function script(source: string): Program {
  return { command: process.execPath, args: ['--input-type=module', '--eval', source] }
}

function init(program: Program, results: Result[] = []): RunInit {
  return {
    out: folder,
    programOf: () => program,
    ours: OURS,
    replayOf: (id) => `replay ${id}`,
    concurrency: 2,
    signal: new AbortController().signal,
    onResult: (result) => results.push(result)
  }
}

function cell(feature: string, run: Cell['run'], rest: Partial<Cell> = {}): Cell {
  return { implementation: 'fake', protocol: 'gossip', role: 'dial', feature, run, ...rest }
}

const node = implementations.find(({ name }) => name === 'node')!
const nodeCell = (id: string): Cell => cellsOf(node, OFFER).find((each) => idOf(each) === id)!

describe('the process contract', () => {
  /** What becomes of a program that is told to end */
  async function ended(source: string): Promise<object> {
    const bench = new Bench({
      folder: join(folder, 'contract'),
      program: script(source),
      ours: OURS,
      signal: new AbortController().signal
    })

    try {
      return await bench.peer('it', { TASK: 'peer' }).end()
    } finally {
      await bench.dispose()
    }
  }

  const wait = 'for await (const chunk of process.stdin) {};'

  it('counts what a program logs of what it does', async () => {
    const bench = new Bench({
      folder: join(folder, 'words'),
      program: script(`console.error('12:00 heard 9f'); console.error('unheard of'); ${wait} console.log('{}')`),
      ours: OURS,
      signal: new AbortController().signal
    })
    const peer = bench.peer('it', {})
    await bench.until('a word', () => peer.logged('heard') > 0)
    await peer.end()
    expect([peer.logged('heard'), peer.logged('verified')]).toEqual([1, 0])
    await bench.dispose()
  })

  it('is configuration by environment, and one line of JSON when stdin is closed', async () => {
    await expect(ended(`${wait} console.log(JSON.stringify({ task: process.env.PEER_TASK }))`)).resolves.toEqual({
      task: 'peer'
    })
  })

  it('keeps what it logs, and all that it wrote', async () => {
    await ended(`console.error('a word'); ${wait} console.log('{}')`)
    const log = readFileSync(join(folder, 'contract', 'it-0.log'), 'utf8')
    expect(log).toContain('a word')
    expect(log).toContain('--- stdout ---\n{}\n')
    expect(log).toContain('exit code 0')
  })

  it.each([
    ['ends with another exit code', `${wait} console.log('{}'); process.exitCode = 3`, 'ended with exit code 3'],
    ['writes two lines', `${wait} console.log('{}'); console.log('{}')`, 'wrote 2'],
    ['writes nothing', wait, 'wrote 0'],
    ['writes no JSON', `${wait} console.log('hello')`, 'should write one line of JSON'],
    ['writes without end', `setInterval(() => console.log('x'.repeat(1_000_000)), 1)`, 'more output than one line']
  ])('fails a program that %s', async (_, source, message) => {
    await expect(ended(source)).rejects.toThrow(message)
  })

  it('fails a program that is not there', async () => {
    const program = { command: join(folder, 'nowhere'), args: [] }
    const [result] = await runCells(
      [cell('x', async (bench) => void (await bench.peer('it', {}).end()))],
      init(program)
    )
    expect(result).toMatchObject({ verdict: 'failed', reason: expect.stringContaining('ENOENT') as string })
  })

  it('fails a program that ends before it listens', async () => {
    const run: Cell['run'] = async (bench) => bench.peer('it', {}).listens(1)
    const [result] = await runCells([cell('x', run)], init(script('process.exitCode = 5')))
    expect(result).toMatchObject({ reason: 'it ended before it listened: exit code 5' })
  })
})

describe('cells', () => {
  it('pass, fail, and are not run, each with its logs and how to replay it', async () => {
    const seen: Result[] = []
    const cells = [
      cell('good', async (bench) => bench.note('all is well')),
      cell('bad', async () => Promise.reject(new Error('all is lost'))),
      cell('absent', async () => {}, { missing: 'nothing is there' })
    ]
    const results = await runCells(cells, init(script(''), seen))
    expect(results.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['passed', undefined],
      ['failed', 'all is lost'],
      ['not run', 'nothing is there']
    ])
    expect(seen).toHaveLength(3)
    expect(results[0]).toMatchObject({ id: 'fake/gossip/dial/good', replay: 'replay fake/gossip/dial/good' })
    expect(results[0]!.logs).toContain('report/fake/gossip/dial/good/cell.log')
    expect(readFileSync(join(folder, results[0]!.logs[0]!), 'utf8')).toContain('all is well')
    expect(readFileSync(join(folder, 'report/fake/gossip/dial/bad/outcome.txt'), 'utf8')).toContain('all is lost')
  })

  it('fail when they take too long, and take their processes with them', async () => {
    let pid: string | undefined
    const run: Cell['run'] = async (bench) => {
      const peer = bench.peer('it', {})
      await bench.until('its pid', () => existsSync(bench.file('it-0.log')) && logged(bench) !== '')
      pid = logged(bench)
      await peer.result(60_000)
    }
    const logged = (bench: Bench): string => readFileSync(bench.file('it-0.log'), 'utf8').trim()
    const program = script('console.error(process.pid); setInterval(() => {}, 1_000)')
    const [result] = await runCells([cell('slow', run, { timeout: 3_000 })], init(program))
    expect(result).toMatchObject({ verdict: 'failed', reason: 'not done within 3 s' })
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })

  it('are not run when they find that something is missing', async () => {
    const run: Cell['run'] = async () => Promise.reject(new MissingError('no network'))
    const [result] = await runCells([cell('lonely', run)], init(script('')))
    expect(result).toMatchObject({ verdict: 'not run', reason: 'no network' })
  })

  it('tell what they measured', async () => {
    const [result] = await runCells([cell('measured', async (bench) => bench.figure('9 of 9'))], init(script('')))
    expect(result).toMatchObject({ verdict: 'passed', figures: ['9 of 9'] })
  })

  it('have names of their own', () => {
    const all = implementations.flatMap((each) => cellsOf(each, OFFER))
    expect(all.length).toBeGreaterThan(100)
    expect(() => checkNames(all)).not.toThrow()
    expect(() => checkNames([...all, all[0]!])).toThrow(`two cells are called ${idOf(all[0]!)}`)
  })

  it('say what our node does not offer', () => {
    const cells = cellsOf(node, {}).filter(({ protocol }) => protocol === 'gossip')
    expect(cells.map(({ missing }) => missing)).toEqual(
      cells.map(() => 'our node does not offer /hearsay/gossip/1.0.0')
    )
  })

  it.each([
    ['go', 'go/gossip/dial/gate', true],
    ['go/gossip', 'go/gossip/dial/gate', true],
    ['*/gossip/*/gate', 'rust/gossip/listen/gate', true],
    ['go/gossip', 'go/gossip-p2p/dial/gate', false],
    ['go/gossip/dial/gate/more', 'go/gossip/dial/gate', false]
  ])('%s means %s: %s', (pattern, id, meant) => {
    expect(isMeant(id, pattern)).toBe(meant)
  })
})

describe('a peer of another implementation', () => {
  it('passes', { timeout: PATIENCE }, async () => {
    const cells = ['node/gossip/listen/speaks', 'node/gossip-api/client/validates'].map(nodeCell)
    const results = await runCells(cells, init(nodeProgram('node/peer.ts')))
    expect(results.map(({ id, reason }) => [id, reason])).toEqual(cells.map((each) => [idOf(each), undefined]))
  })

  it.each(['ttl-two-less', 'lazy-vectors'])('is found broken: %s', { timeout: PATIENCE }, async (name) => {
    const fault = faults.find((each) => each.name === name)!
    const result = await tryFault(fault, cellsOf(node, OFFER), nodeProgram('node/peer.ts'), init(script('')))
    expect(result).toMatchObject({ name, found: true })
  })

  it('is not found broken when it fails for another reason', { timeout: PATIENCE }, async () => {
    const fault = { ...faults.find(({ name }) => name === 'lazy-vectors')!, because: /^it rains$/ }
    const result = await tryFault(fault, cellsOf(node, OFFER), nodeProgram('node/peer.ts'), init(script('')))
    expect(result).toMatchObject({ found: false, cells: [{ verdict: 'failed' }] })
    expect(score([result])).toBe('0 of 1 broken peers were found')
  })

  it('has faults that all have a cell', () => {
    const ids = cellsOf(node, OFFER).map(idOf)
    const without = faults.filter(({ cells }) => !cells.every((each) => ids.includes(`node/${each}`)))
    expect(without).toEqual([])
    expect(faults.length).toBeGreaterThanOrEqual(10)
  })
})

describe('a toolchain', () => {
  const say = (): void => {}

  it('that is missing makes cells not run', async () => {
    const toolchain = [{ command: join(folder, 'no-such-compiler'), versionArgs: [] }]
    await expect(available({ ...node, toolchain }, say)).resolves.toEqual({
      missing: `${toolchain[0]!.command} is not installed`
    })
  })

  it('that takes minutes is left out where there is no time', async () => {
    const slow = { ...node, isBuilt: (): boolean => false }
    await expect(available(slow, say, true)).resolves.toHaveProperty('missing')
    await expect(available(slow, say)).resolves.toHaveProperty('program')
    await expect(available({ ...slow, isBuilt: () => true }, say, true)).resolves.toHaveProperty('program')
  })

  it('of a version that is not pinned here is missing', async () => {
    await expect(nodeOf({ major: '1', version: '1.2.3', sha512: {} }, say)).rejects.toThrow(MissingError)
    expect(nodeVersions.map(({ major }) => major)).toEqual(['22', '24', '26'])
  })

  it('that cannot build makes them fail', async () => {
    const prepare = async (): Promise<Program> => Promise.reject(new Error('a typing error'))
    await expect(available({ ...node, prepare }, say)).resolves.toEqual({ broken: 'a typing error' })
  })
})

describe('networks of ours and others', () => {
  const named = (command: string): Program => ({ command, args: [] })
  const [ours, one, other] = [named('ours'), named('one'), named('other')]

  it.each([
    [0, 0],
    [25, 5],
    [50, 10],
    [100, 20]
  ])('of which %i %% are others have %i of them, who take turns', (share, count) => {
    const programs = programsOf(share, [one, other], ours)
    const foreign = programs.filter((each) => each !== ours)
    expect([programs.length, foreign.length]).toEqual([20, count])
    expect(foreign.filter((each) => each === one)).toHaveLength(Math.ceil(count / 2))
  })

  const outcomes = (delivered: number, copies: number): Parameters<typeof checkOutcomes>[0] => [
    { share: 0, delivered: 100, copies: 68.7 },
    { share: 50, delivered, copies }
  ]

  it('may differ by one point', () => {
    expect(() => checkOutcomes(outcomes(100, 69.6))).not.toThrow()
    expect(() => checkOutcomes(outcomes(99, 67.8))).not.toThrow()
  })

  it.each([
    [100, 69.8, 'whether copies differ by at most one point (68.7, 69.8)'],
    [98.9, 68.7, 'whether delivered differ by at most one point (100, 98.9)']
  ])('may not differ by more: %d delivered, %d copies', (delivered, copies, message) => {
    expect(() => checkOutcomes(outcomes(delivered, copies))).toThrow(message)
  })

  it('lose nothing where all are ours', () => {
    expect(() => checkOutcomes([{ share: 0, delivered: 99.9, copies: 60 }])).toThrow('among ours')
  })
})

describe('the report', () => {
  const result: Result = {
    figures: ['3 of 4 & more'],
    id: 'go/gossip/dial/gate',
    implementation: 'go',
    protocol: 'gossip',
    role: 'dial',
    feature: 'gate',
    verdict: 'failed',
    reason: 'expected <a> & "b"',
    seconds: 1.5,
    logs: ['report/go/gossip/dial/gate/cell.log'],
    replay: 'npx interop --only go/gossip/dial/gate'
  }
  const other: Result = { ...result, id: 'go/gossip/dial/ttl', feature: 'ttl', verdict: 'not run', reason: 'no node' }
  const report = { started: 'today', seconds: 2, versions: { go: 'go 1' }, cells: [result, other], faults: [] }
  const written = { ...report, passed: 0, failed: 1, notRun: 1 }

  function read(name: string): string {
    writeReport(folder, written)
    return readFileSync(join(folder, name), 'utf8')
  }

  it('is JSON for programs', () => {
    expect(JSON.parse(read('report.json'))).toEqual(written)
  })

  it('is a table, with what failed and what was not run', () => {
    const text = read('report.md')
    expect(text).toContain('| go / gossip / dial | ✗ | not run |')
    expect(text).toContain(
      '- **go/gossip/dial/gate**: expected <a> & "b"\n  - `npx interop --only go/gossip/dial/gate`'
    )
    expect(text).toContain('- no node: 1 cells')
    expect(text).toContain('- go/gossip/dial/gate: 3 of 4 & more')
    expect(text).toMatch(/\n0 passed, 1 failed\n$/)
  })

  it('is a page whose cells lead to logs and replays, and nothing is taken for markup', () => {
    const text = read('report.html')
    expect(text).toContain('<td class="failed"><a href="#go/gossip/dial/gate"')
    expect(text).toContain('<section id="go/gossip/dial/gate">')
    expect(text).toContain('<a href="report/go/gossip/dial/gate/cell.log">')
    expect(text).toContain('<code>npx interop --only go/gossip/dial/gate</code>')
    expect(text).toContain('<p>3 of 4 &#38; more</p>')
    expect(text).not.toContain('<a> &')
  })

  it('has the dialects of gossip in one grid', () => {
    const [grid, ...others] = grids([result, { ...result, protocol: 'gossip-p2p', feature: 'ttl' }])
    expect(others).toEqual([])
    expect(grid).toMatchObject({ title: 'gossip', features: ['gate', 'ttl'] })
  })
})

describe('the command', () => {
  it('runs a part of it where there is no time', () => {
    const { only, faults: all, reduced } = parseOptions(['--reduced'])
    const cells = implementations.flatMap((each) => cellsOf(each, OFFER)).map(idOf)
    const meant = cells.filter((id) => only.some((pattern) => isMeant(id, pattern)))
    expect([all, reduced]).toEqual([false, true])
    expect(new Set(meant.map((id) => id.split('/')[1]))).toEqual(new Set(['vectors', 'gossip']))
    expect(meant.length).toBeLessThan(cells.length / 2)
    expect(parseOptions(['--reduced', '--only', 'go']).only).toEqual(['go'])
  })

  async function command(...args: string[]): Promise<{ code: number; lines: string[] }> {
    const lines: string[] = []
    return { code: await interop([...args, '--out', folder], (line) => lines.push(...line.split('\n'))), lines }
  }

  it('runs what is wanted, and ends with one closing line', { timeout: PATIENCE }, async () => {
    const outcome = await command('--only', 'node/vectors/originals-rsa', '--no-faults')
    expect(outcome.lines.at(-1)).toBe('2 passed, 0 failed')
    expect(outcome.code).toBe(0)
    expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain('| node / vectors / originals-rsa | ✓ | ✓ |')
  })

  it('gives all peers a fault when told to', { timeout: PATIENCE }, async () => {
    const outcome = await command('--only', 'node/vectors/originals-rsa', '--fault', 'pss-salt')
    expect(outcome.lines.at(-1)).toMatch(/^\d passed, [12] failed$/)
    expect(outcome.code).toBe(1)
  })

  it('fails when a required implementation is not there', { timeout: PATIENCE }, async () => {
    const { code, lines } = await command(
      '--only',
      'node/vectors/originals-rsa/agrees',
      '--no-faults',
      '--require',
      'node,cobol'
    )
    expect(lines).toContain('  FAILED --require cobol: it is not there')
    expect([code, lines.at(-1)]).toEqual([1, '1 passed, 1 failed'])
  })

  it('tests a program of somebody else', { timeout: PATIENCE }, async () => {
    const { command: run, args } = nodeProgram('node/peer.ts')
    const peer = [run, ...args].join(' ')
    const outcome = await command('--only', 'yours/gossip/dial/speaks', '--no-faults', '--peer', peer)
    expect(outcome.lines.at(-1)).toBe('1 passed, 0 failed')
  })

  it.each([
    ['--help', 0, 'Usage: pnpm interop'],
    ['--fast', 2, "interop: Unknown option '--fast'"],
    ['--at-once=17', 2, 'interop: --at-once must be 1–16, and is 17']
  ])('answers to %s', async (option, code, answer) => {
    const outcome = await command(option)
    expect([outcome.code, outcome.lines[0]]).toEqual([code, expect.stringContaining(answer)])
  })

  it('has defaults', () => {
    expect(parseOptions([])).toMatchObject({ only: [], require: [], faults: true, atOnce: 2, list: false })
  })
})
