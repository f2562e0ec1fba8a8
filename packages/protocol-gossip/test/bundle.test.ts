import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { builtinsIn, bundle, chunksOf, core, libp2p, sizeOf } from '../../protocol-core/test/shared/bundle.ts'

const source = fileURLToPath(new URL('../src/', import.meta.url))

it('in a page, the package costs little on top of libp2p and the solver, and protocol-core little more', async () => {
  const whole = sizeOf(await bundle(source, 'index.ts', libp2p))
  const solver = sizeOf(await bundle(source, 'pow/index.ts', libp2p))
  const alone = sizeOf(await bundle(source, 'index.ts', libp2p, core))
  const solverAlone = sizeOf(await bundle(source, 'pow/index.ts', libp2p, core))
  const [own, withCore] = [alone - solverAlone, whole - solver]
  console.info(`gzipped: ${own} B, ${withCore} B with protocol-core; the solver, with its worker, ${solver} B`)
  expect(own).toBeGreaterThan(5_000)
  expect(own).toBeLessThanOrEqual(12_000)
  expect(withCore).toBeLessThanOrEqual(18_000)
  expect(solver).toBeLessThanOrEqual(8_500)
}, 60_000)

it('in a page, of protocol-core there is what gossip uses: no RSA and its formats', async () => {
  const files = await bundle(source, 'index.ts', libp2p)
  const modules = chunksOf(files).flatMap((chunk) => Object.entries(chunk.modules))
  const used = modules.flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id.split('/').at(-1)!] : []))
  expect(builtinsIn(files)).toEqual([])
  expect(used).toEqual(expect.arrayContaining(['sessions.ts', 'sip-hash.ts']))
  expect(used.filter((name) => /^(rsa|der|pem|pkcs|text|wasm|node)/.test(name))).toEqual([])
}, 60_000)
