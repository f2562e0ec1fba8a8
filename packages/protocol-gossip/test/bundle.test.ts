import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** What a page with libp2p has already */
const libp2p = (id: string): boolean => /^(@libp2p\/|@multiformats\/|main-event|uint8array)/.test(id)
/** What it has with any other protocol of this suite */
const core = (id: string): boolean => id.startsWith('@hearsay/protocol-core')
const solver = (id: string): boolean => id.endsWith('/pow/solve.ts')

/** In bytes, minified and gzipped: what a browser's bundler makes of an entry, workers included */
async function size(entry: string, ...external: ((id: string) => boolean)[]): Promise<number> {
  const result = await build({
    root: source,
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@hearsay/source', 'browser', 'module', 'import'] },
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2024',
      modulePreload: false,
      rollupOptions: {
        input: `${source}${entry}`,
        external: (id) => external.some((leavesOut) => leavesOut(id)),
        preserveEntrySignatures: 'strict'
      }
    }
  })
  const files = (Array.isArray(result) ? result : [result]).flatMap((each) => ('output' in each ? each.output : []))
  return files
    .map((file) => gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).byteLength)
    .reduce((sum, bytes) => sum + bytes, 0)
}

it('in a page, the package costs at most 15 kB on top of libp2p, without the solver and the core', async () => {
  const own = await size('index.ts', libp2p, core, solver)
  const withCore = await size('index.ts', libp2p, solver)
  const pow = await size('pow/index.ts')
  console.info(`gzipped: ${own} B, ${withCore} B with protocol-core; the solver, with its worker, ${pow} B`)
  expect(own).toBeGreaterThan(5_000)
  expect(own).toBeLessThanOrEqual(15_000)
  expect(withCore).toBeLessThanOrEqual(19_000)
  expect(pow).toBeLessThanOrEqual(10_000)
}, 60_000)
