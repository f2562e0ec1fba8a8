import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** What a page with libp2p has already */
const libp2p = (id: string): boolean =>
  /^(@libp2p\/|@multiformats\/|interface-datastore|main-event|uint8array)/.test(id)
/** What it has with any other protocol of this suite */
const core = (id: string): boolean => id.startsWith('@hearsay/protocol-core')

/** What a browser's bundler makes of an entry, minified, with its size in bytes when gzipped */
async function bundle(
  entry: string,
  ...external: ((id: string) => boolean)[]
): Promise<{ code: string; imports: string[]; size: number }> {
  const result = await build({
    root: source,
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@hearsay/source', 'browser', 'module', 'import'] },
    build: {
      write: false,
      target: 'es2024',
      modulePreload: false,
      rollupOptions: {
        input: `${source}${entry}.ts`,
        external: (id) => external.some((leavesOut) => leavesOut(id)),
        preserveEntrySignatures: 'strict'
      }
    }
  })
  const files = (Array.isArray(result) ? result : [result]).flatMap((each) => ('output' in each ? each.output : []))
  const chunks = files.filter((file) => file.type === 'chunk')
  return {
    code: chunks.map(({ code }) => code).join(''),
    imports: chunks.flatMap(({ imports }) => imports),
    size: chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).byteLength, 0)
  }
}

it('in a page, the package costs at most 16 kB on top of libp2p, without the core', async () => {
  const own = (await bundle('index', libp2p, core)).size
  const withCore = (await bundle('index', libp2p)).size
  console.info(`gzipped: ${own} B, ${withCore} B with protocol-core`)
  expect(own).toBeGreaterThan(5_000)
  expect(own).toBeLessThanOrEqual(16_000)
  expect(withCore).toBeLessThanOrEqual(24_500)
}, 60_000)

it.each(['index', 'datastore', 'engine', 'codec', 'library'])(
  './%s works without Node.js',
  async (entry) => {
    const { code, imports } = await bundle(entry, libp2p)
    expect(imports.filter((id) => id.startsWith('node:'))).toEqual([])
    expect(code).not.toMatch(/\b(?:Buffer|process)\b/)
    expect(code.length).toBeGreaterThan(1_000)
  },
  60_000
)
