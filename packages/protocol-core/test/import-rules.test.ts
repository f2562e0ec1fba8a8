import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
let workspace = ''

/** The names of the rules that the project's own lint configuration finds broken in one file */
async function broken(path: string, source: string): Promise<string[]> {
  const file = join(workspace, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, source)
  const lint = promisify(execFile)(join(root, 'node_modules/.bin/oxlint'), ['--format=json', path], { cwd: workspace })
  const { stdout } = await lint.catch((err: { stdout: string }) => err)
  await rm(file)
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string }[] }
  return [...new Set(diagnostics.map(({ code }) => /\((.*)\)/.exec(code)?.[1] ?? code))].toSorted()
}

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'hearsay-lint-'))
  await cp(join(root, '.oxlintrc.json'), join(workspace, '.oxlintrc.json'))
})

afterAll(async () => {
  await rm(workspace, { recursive: true })
})

const use = (from: string): string => `import { x } from '${from}'\nexport const y: unknown = x\n`

describe.each([
  ...['codec.ts', 'engine.ts', 'gate.ts', 'anything-new.ts', 'pow/proof.ts'].map((name) => `protocol-x/src/${name}`),
  'node/src/dht/rules/anything-new.ts'
])('in a pure file, %s', (name) => {
  const path = `packages/${name}`

  it.each([
    'node:fs',
    '@libp2p/interface',
    '@hearsay/protocol-core',
    '@hearsay/protocol-y/codec',
    'uint8arraylist',
    './service.ts',
    './index.ts',
    './rsa-operations.browser.ts',
    './pow/solve.ts',
    '../../protocol-y/src/codec.ts',
    '#rsa-operations'
  ])('importing %s is an error', async (from) => {
    expect(await broken(path, use(from))).toContain('no-restricted-imports')
  })

  it.each([
    'Date.now()',
    'Promise.resolve()',
    'setTimeout(String)',
    'process.pid',
    'globalThis',
    'performance.now()',
    'new Worker("x")',
    'new WebSocket("x")'
  ])('using %s is an error', async (expression) => {
    expect(await broken(path, `export const y: unknown = ${expression}\n`)).toEqual(['no-restricted-globals'])
  })

  it('using Math.random is an error', async () => {
    expect(await broken(path, 'export const y: number = Math.random()\n')).toEqual(['no-restricted-properties'])
  })

  it.each(['@hearsay/protocol-core/pure', './gate-of-mine.ts', './pow/layout.ts'])(
    'importing %s is fine',
    async (from) => {
      expect(await broken(path, use(from))).toEqual([])
    }
  )
})

describe('in a file that does IO', () => {
  const path = 'packages/protocol-x/src/service.ts'

  it.each(['node:fs', '@libp2p/interface', '@hearsay/protocol-core', './engine.ts', './pow/solve.ts'])(
    'importing %s is fine',
    async (from) => {
      expect(await broken(path, use(from))).toEqual([])
    }
  )

  it.each([
    '@hearsay/protocol-y',
    '@hearsay/protocol-y/engine',
    '@hearsay/node',
    '../../protocol-y/src/index.ts',
    '../../../packages/protocol-y/src/engine.ts'
  ])('importing another protocol, %s, is an error', async (from) => {
    expect(await broken(path, use(from))).toEqual(['no-restricted-imports'])
  })
})

describe('in the simulation', () => {
  const path = 'simulation/src/network.ts'

  it.each(['@hearsay/protocol-x/engine', '@hearsay/protocol-x/codec', '@hearsay/protocol-core/pure', './gossip.ts'])(
    'importing %s is fine',
    async (from) => {
      expect(await broken(path, use(from))).toEqual([])
    }
  )

  it.each([
    '@hearsay/protocol-x',
    '@hearsay/protocol-core',
    '@hearsay/node',
    '../../packages/protocol-x/src/engine.ts',
    'libp2p',
    '@libp2p/tcp',
    'node:net',
    'node:tls'
  ])('importing %s is an error', async (from) => {
    expect(await broken(path, use(from))).toEqual(['no-restricted-imports'])
  })
})
