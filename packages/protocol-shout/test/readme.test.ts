import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { shoutDefaults, shoutRanges } from '@hearsay/protocol-shout'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Hosts } from './hosts.ts'

const root = join(import.meta.dirname, '../../..')
const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
/** The first piece of code */
const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!
const hosts = new Hosts()
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearsay-readme-'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'app.ts'), example)
  // the benchmark has all that the example imports
  await symlink(join(root, 'benchmark/node_modules'), join(folder, 'node_modules'))
})

afterEach(async () => hosts.stop())

afterAll(async () => {
  await rm(folder, { recursive: true })
})

describe('the example', () => {
  it('compiles', async () => {
    const options = {
      extends: join(root, 'tsconfig.base.json'),
      // no condition of ours: as a stranger's app sees the package, once it is built
      compilerOptions: { composite: false, noEmit: true, types: [], customConditions: [] },
      files: ['app.ts']
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options))
    const tsc = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
    const { stdout } = await tsc.catch((err: { stdout: string }) => err)
    expect(stdout).toBe('')
  }, 60_000)

  it('runs: it listens, and shouts to nobody yet', async () => {
    const more = "\nconsole.info('ready', node.getMultiaddrs().length > 0, service.peers)\nawait node.stop()\n"
    await writeFile(join(folder, 'run.ts'), example + more)
    const flags = ['--conditions=@hearsay/source', '--no-warnings', 'run.ts']
    const app = spawn(process.execPath, flags, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    app.stdout.on('data', (chunk) => (said += String(chunk)))
    app.stderr.on('data', (chunk) => (said += String(chunk)))
    const [code] = (await once(app, 'close')) as [number]
    expect({ said, code }).toEqual({ said: 'ready true []\n', code: 0 })
  }, 60_000)
})

/** The rows of the first table after a heading, each as its cells */
function table(heading: string): string[][] {
  const [, section] = readme.split(`\n## ${heading}`)
  const rows = section!.split('\n## ')[0]!.split('\n')
  return rows
    .filter((row) => row.startsWith('|'))
    .slice(2)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
    )
}

/** What a cell has in code font */
function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}

function shown(value: number | string | boolean | readonly string[]): string {
  return typeof value === 'number'
    ? value.toLocaleString('en')
    : typeof value === 'string'
      ? `'${value}'`
      : Array.isArray(value)
        ? value.join(', ')
        : String(value)
}

describe('the table of options', () => {
  const rows = table('Options').map(([name, value, range]) => [codeIn(name!)[0]!, value!, range!] as const)
  /** They are no number and no text */
  const others = ['key', 'relayShout', 'forwardSpeak', 'compressors']

  it('names every option, and no other', () => {
    expect(rows.map(([name]) => name).toSorted()).toEqual([...Object.keys(shoutDefaults), ...others].toSorted())
  })

  it.each(rows.filter(([name]) => !others.includes(name)))('has the default of %s, and its range', (...row) => {
    const [name, value, range] = row
    expect(value).toBe(shown(shoutDefaults[name as keyof typeof shoutDefaults]))
    const limits = shoutRanges[name as keyof typeof shoutRanges] as readonly [number, number] | undefined
    expect(range).toContain(limits?.map((limit) => limit.toLocaleString('en')).join('–') ?? '')
  })
})

it('the table of methods has those there are', async () => {
  const host = await hosts.create()
  const names = table('Methods').flatMap(([call]) => codeIn(call!).map((code) => code.split('(')[0]!))
  expect(names.length).toBeGreaterThan(10)
  const service = host.services.shout as unknown as Record<string, unknown>
  expect(names.filter((name) => typeof service[name] !== 'function')).toEqual([])
})

it('the table of events has those there are', () => {
  const names = table('Events').flatMap(([cell]) => codeIn(cell!))
  expect(names).toEqual(['shout', 'speak', 'whisper', 'custom', 'peer', 'peer:closed', 'key-change', 'key-conflict'])
})
