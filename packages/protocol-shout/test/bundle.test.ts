import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { builtinsIn, bundle, chunksOf, libp2p, sizeOf } from '../../protocol-core/test/shared/bundle.ts'

const source = fileURLToPath(new URL('../src/', import.meta.url))

/** What the package may add to a page, in bytes of gzip, beyond libp2p itself, which the page has anyway */
const MAX_GZIP_BYTES = 36 * 1_024

it('fits a page, and needs nothing of Node.js', { timeout: 60_000 }, async () => {
  const files = await bundle(source, 'index.ts', libp2p)
  const code = chunksOf(files)
    .map((chunk) => chunk.code)
    .join('')
  expect(builtinsIn(files)).toEqual([])
  expect(code).not.toMatch(/["'`]node:/)
  expect(code).toContain('/hearsay/shout/1.0.0')
  const bytes = sizeOf(files)
  console.info(`protocol-shout in a page: ${bytes} bytes of gzip`)
  expect(bytes).toBeLessThan(MAX_GZIP_BYTES)
})
