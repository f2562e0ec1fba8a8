import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, it } from 'vitest'

/** What the package may add to a page, in bytes of gzip, beyond libp2p itself, which the page has anyway */
const MAX_GZIP_BYTES = 36 * 1_024

it('fits a page, and needs nothing of Node.js', { timeout: 60_000 }, async () => {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@hearsay/source', 'browser', 'module', 'import'] },
    build: {
      write: false,
      minify: true,
      lib: {
        entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)), // of modules, vite leaves the white space as it is
        formats: ['cjs']
      },
      rollupOptions: {
        external: [/^@libp2p\//, /^@multiformats\//, 'main-event', 'interface-datastore', 'uint8arraylist']
      }
    }
  })
  const [bundle] = Array.isArray(result) ? result : [result]

  if (bundle === undefined || !('output' in bundle)) {
    throw new Error('nothing was built')
  }

  const code = bundle.output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')
  expect(code).not.toMatch(/["']node:/)
  expect(code).toContain('/hearsay/shout/1.0.0')
  const bytes = gzipSync(code).byteLength
  console.info(`protocol-shout in a page: ${bytes} bytes of gzip`)
  expect(bytes).toBeLessThan(MAX_GZIP_BYTES)
})
