import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gossipDefaults, gossipRanges } from '@hearsay/protocol-gossip'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
/** The first piece of code */
const example = /```ts\n([\s\S]*?)```/.exec(readme)![1]!
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearsay-readme-'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'app.ts'), example)
  // the node has all that the example imports
  await symlink(join(root, 'packages/node/node_modules'), join(folder, 'node_modules'))
})

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

  it('runs: it listens, and takes an announce of its own', async () => {
    const more =
      "\nconsole.info('ready', node.getMultiaddrs().length > 0, node.services.gossip.ready)\nawait node.stop()\n"
    await writeFile(join(folder, 'run.ts'), example + more)
    const flags = ['--conditions=@hearsay/source', '--no-warnings', 'run.ts']
    const app = spawn(process.execPath, flags, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    app.stdout.on('data', (chunk) => (said += String(chunk)))
    app.stderr.on('data', (chunk) => (said += String(chunk)))
    const [code] = (await once(app, 'close')) as [number]
    expect({ said, code }).toEqual({ said: 'ready true true\n', code: 0 })
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

  it('names every option, and no other', () => {
    expect(rows.map(([name]) => code(name!)).toSorted()).toEqual(Object.keys(gossipDefaults).toSorted())
  })

  it.each(rows.map(([name, value, range]) => [code(name!), code(value!), range!] as const))(
    'has the default of %s, and its range',
    (name, value, range) => {
      const actual = gossipDefaults[name as keyof typeof gossipDefaults]
      const shown =
        typeof actual === 'number'
          ? actual.toLocaleString('en')
          : actual === undefined
            ? '–'
            : JSON.stringify(actual).replaceAll('"', "'").replaceAll(',', ', ')
      expect(value).toBe(shown)
      const limits = gossipRanges[name as keyof typeof gossipRanges] as readonly [number, number] | undefined
      expect(range.includes(limits?.map((limit) => limit.toLocaleString('en')).join('–') ?? '')).toBe(true)
    }
  )
})

it('the table of events has those there are', () => {
  expect(table('Events').map(([name]) => name)).toEqual([
    '`message`',
    '`peer:verified`',
    '`peer:lost`',
    '`peer:closed`',
    '`ready`'
  ])
})
