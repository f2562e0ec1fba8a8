import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, it } from 'vitest'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** What a page with libp2p has already */
const libp2p = (id: string): boolean => /^(@libp2p\/|@multiformats\/|main-event|uint8array)/.test(id)
/** What it shares with any other protocol of this suite */
const core = (id: string): boolean => id.startsWith('@hearsay/protocol-core')

/** What a browser's bundler makes of an entry: minified files, workers included */
async function bundle(entry: string, ...external: ((id: string) => boolean)[]) {
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
  return (Array.isArray(result) ? result : [result]).flatMap((each) => ('output' in each ? each.output : []))
}

/** In bytes, gzipped */
async function size(...of: Parameters<typeof bundle>): Promise<number> {
  return (await bundle(...of))
    .map((file) => gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).byteLength)
    .reduce((sum, bytes) => sum + bytes, 0)
}

it('in a page, the package costs little on top of libp2p and the solver, and protocol-core little more', async () => {
  const whole = await size('index.ts', libp2p)
  const solver = await size('pow/index.ts', libp2p)
  const alone = await size('index.ts', libp2p, core)
  const solverAlone = await size('pow/index.ts', libp2p, core)
  const [own, withCore] = [alone - solverAlone, whole - solver]
  console.info(`gzipped: ${own} B, ${withCore} B with protocol-core; the solver, with its worker, ${solver} B`)
  expect(own).toBeGreaterThan(5_000)
  expect(own).toBeLessThanOrEqual(12_000)
  expect(withCore).toBeLessThanOrEqual(18_000)
  expect(solver).toBeLessThanOrEqual(8_500)
}, 60_000)

it('in a page, of protocol-core there is what gossip uses: no RSA and its formats', async () => {
  const files = await bundle('index.ts', libp2p)
  const modules = files.flatMap((file) => (file.type === 'chunk' ? Object.entries(file.modules) : []))
  const used = modules.flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id.split('/').at(-1)!] : []))
  expect(used).toEqual(expect.arrayContaining(['sessions.ts', 'sip-hash.ts']))
  expect(used.filter((name) => /^(rsa|der|pem|pkcs|text|wasm|node)/.test(name))).toEqual([])
}, 60_000)
