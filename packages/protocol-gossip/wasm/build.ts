/** Writes each module as TypeScript, base64 inside, so that nobody has to find or fetch a file at run time. */
import { writeFileSync } from 'node:fs'
import { scannerModule } from './scanner.ts'
import { sipHashModule } from './sip-hash.ts'

function write(path: string, name: string, module: Uint8Array): void {
  const base64 = Buffer.from(module).toString('base64')
  const text = `// written by wasm/build.ts\nexport const ${name}: string =\n  '${base64}'\n`
  writeFileSync(new URL(`../src/${path}`, import.meta.url), text)
}

write('pow/scan.generated.ts', 'scannerBase64', scannerModule())
write('sip-hash.generated.ts', 'sipHashBase64', sipHashModule())
