import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { builtinsIn, bundle, chunksOf, core, libp2p, sizeOf } from '../../protocol-core/test/shared/bundle.ts'

const source = fileURLToPath(new URL('../src/', import.meta.url))

it('in a page, the package costs at most 16 kB on top of libp2p, without the core', async () => {
  const own = sizeOf(await bundle(source, 'index.ts', libp2p, core))
  const withCore = sizeOf(await bundle(source, 'index.ts', libp2p))
  console.info(`gzipped: ${own} B, ${withCore} B with protocol-core`)
  expect(own).toBeGreaterThan(5_000)
  expect(own).toBeLessThanOrEqual(16_000)
  expect(withCore).toBeLessThanOrEqual(24_500)
}, 60_000)

it.each(['index', 'datastore', 'engine', 'codec', 'library'])(
  './%s works without Node.js',
  async (entry) => {
    const files = await bundle(source, `${entry}.ts`, libp2p)
    const code = chunksOf(files)
      .map((chunk) => chunk.code)
      .join('')
    expect(builtinsIn(files)).toEqual([])
    expect(code).not.toMatch(/\b(?:Buffer|process)\b/)
    expect(code.length).toBeGreaterThan(1_000)
  },
  60_000
)
