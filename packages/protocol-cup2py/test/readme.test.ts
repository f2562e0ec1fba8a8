import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cup2pyDefaults, cup2pyRanges } from '@hearsay/protocol-cup2py'
import { tcp } from '@libp2p/tcp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, Hosts, introduce } from './hosts.ts'

const root = join(import.meta.dirname, '../../..')
const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
/** The first two pieces of code: a node, and what it is used for */
const [node, use] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!) as [string, string]
let folder = ''

const hosts = new Hosts()
afterEach(async () => hosts.stop())

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearsay-readme-'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  // the benchmark has all that the example imports
  await symlink(join(root, 'benchmark/node_modules'), join(folder, 'node_modules'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** What it says, and how it ends */
async function runExample(code: string, ...args: string[]): Promise<{ said: string; code: number }> {
  await writeFile(join(folder, 'run.ts'), `${code}\nawait node.stop()\n`)
  const flags = ['--conditions=@hearsay/source', '--no-warnings', 'run.ts', ...args]
  const app = spawn(process.execPath, flags, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  app.stdout.on('data', (chunk) => (said += String(chunk)))
  app.stderr.on('data', (chunk) => (said += String(chunk)))
  const [exitCode] = (await once(app, 'close')) as [number]
  return { said, code: exitCode }
}

describe('the example', () => {
  it('compiles', async () => {
    const options = {
      extends: join(root, 'tsconfig.base.json'),
      // no condition of ours: as a stranger's app sees the package, once it is built
      compilerOptions: { composite: false, noEmit: true, types: [], customConditions: [] },
      files: ['app.ts']
    }
    const given = 'declare const addressOfSomebody: string, hashOfSomebodyElse: string\n'
    await writeFile(join(folder, 'app.ts'), node + given + use)
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options))
    const tsc = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
    const { stdout } = await tsc.catch((err: { stdout: string }) => err)
    expect(stdout).toBe('')
  }, 60_000)

  it('runs by itself, and says who and where it is', async () => {
    const { said, code } = await runExample(node)
    expect(said).toMatch(/^I am [0-9a-f]{64} at \/ip4\/[\d.]+\/tcp\/\d+\/p2p\/\w+\n$/)
    expect(code).toBe(0)
  }, 60_000)

  it('finds somebody whom the one it knows knows', async () => {
    const options = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()] }
    const [known, sought] = [await hosts.create({}, options), await hosts.create({}, options)]
    await introduce(known, sought)
    const given = 'const [addressOfSomebody, hashOfSomebodyElse] = process.argv.slice(2)\n'
    const { said, code } = await runExample(node + given + use, addressOf(known), sought.services.cup2py.hash)
    expect(said.split('\n')[1]).toMatch(`found at ${addressOf(sought)} for `)
    expect(said).toContain(`connected to ${sought.peerId.toString()}`)
    expect(code).toBe(0)
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

describe('the table of options', () => {
  const rows = table('Options')
  const code = (cell: string): string => cell.replaceAll('`', '')
  // these have no default that is a plain value
  const objects = ['key', 'addressBook', 'dht']

  it('names every option, and no other', () => {
    expect(rows.map(([name]) => code(name!)).toSorted()).toEqual(
      [...objects, ...Object.keys(cup2pyDefaults)].toSorted()
    )
  })

  it.each(
    rows
      .map(([name, value, range]) => [code(name!), code(value!), range!] as const)
      .filter(([name]) => !objects.includes(name))
  )('has the default of %s, and its range', (name, value, range) => {
    const actual = cup2pyDefaults[name as keyof typeof cup2pyDefaults]
    const shown = typeof actual === 'number' ? actual.toLocaleString('en') : JSON.stringify(actual).replaceAll('"', "'")
    expect(value).toBe(shown)
    const limits = cup2pyRanges[name as keyof typeof cup2pyRanges] as readonly [number, number] | undefined
    expect(range).toContain(limits?.map((limit) => limit.toLocaleString('en')).join('–') ?? '')
  })
})

it('the table of events has those there are', () => {
  expect(table('Events').map(([name]) => name)).toEqual(['`record`', '`search:answer`', '`peer:closed`'])
})

it('the table of methods has those there are', async () => {
  const host = await hosts.create({}, { start: false })
  const members = table('Methods').flatMap(([cell]) => [...cell!.matchAll(/`(\w+)/g)].map(([, name]) => name!))
  expect(members.filter((name) => !(name in host.services.cup2py))).toEqual([])
  expect(members).toHaveLength(13)
})
