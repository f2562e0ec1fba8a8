import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import type { Rolldown } from 'vite'

type File = Rolldown.OutputChunk | Rolldown.OutputAsset
type LeavesOut = (id: string) => boolean

/** What a page with libp2p has already */
export const libp2p: LeavesOut = (id) =>
  /^(@libp2p\/|@multiformats\/|interface-datastore|main-event|uint8array)/.test(id)
/** What it shares with any other protocol of this suite */
export const core: LeavesOut = (id) => id.startsWith('@hearsay/protocol-core')

/** What a browser's bundler makes of an entry: minified files, workers included */
export async function bundle(source: string, entry: string, ...external: LeavesOut[]): Promise<File[]> {
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

/** Those that have code */
export function chunksOf(files: File[]): Rolldown.OutputChunk[] {
  return files.filter((file) => file.type === 'chunk')
}

/** What it would need of Node.js: the bundler puts an empty module in the place of each, and says nothing */
export function builtinsIn(files: File[]): string[] {
  return chunksOf(files)
    .flatMap(({ imports, moduleIds }) => [...imports, ...moduleIds])
    .filter((id) => /^(node:|__vite-browser-external)/.test(id))
}

/** In bytes, gzipped */
export function sizeOf(files: File[]): number {
  return files
    .map((file) => gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).byteLength)
    .reduce((sum, bytes) => sum + bytes, 0)
}
