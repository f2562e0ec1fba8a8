import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions } from 'vite'
import { expect, it } from 'vitest'
import type { Rolldown } from 'vite'

/** Of the service with protocol-core, without libp2p, which the application has anyway; compressed, in bytes */
const MAX_BYTES = 27_000

/** As a bundler makes it for browsers */
async function bundle(entry: string): Promise<{ code: string; imports: string[] }> {
  const output = (await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@hearsay/source', ...defaultClientConditions] },
    build: {
      write: false,
      minify: true,
      lib: { entry: fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url)), formats: ['es'] },
      rolldownOptions: { external: (id) => !id.startsWith('.') && !id.startsWith('/') && !/^(?:@hearsay|#)/.test(id) }
    }
  })) as Rolldown.RolldownOutput[]
  const chunks = output.flatMap((each) => each.output).filter((each) => each.type === 'chunk')
  return { code: chunks.map(({ code }) => code).join(''), imports: chunks.flatMap(({ imports }) => imports) }
}

it.each(['index', 'datastore', 'engine', 'codec', 'library'])(
  './%s is small, and works without Node.js',
  { timeout: 60_000 },
  async (entry) => {
    const { code, imports } = await bundle(entry)
    expect(imports.filter((id) => id.startsWith('node:'))).toEqual([])
    expect(code).not.toMatch(/\b(?:Buffer|process)\b/)
    expect(gzipSync(code).byteLength).toBeLessThan(MAX_BYTES)
    expect(code.length).toBeGreaterThan(1_000)
  }
)
