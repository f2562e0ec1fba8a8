/** Writes the scanner as a TypeScript module, base64 inside, so that nobody has to find or fetch a file at run time. */
import { writeFileSync } from 'node:fs'
import { scannerModule } from './scanner.ts'

const base64 = Buffer.from(scannerModule()).toString('base64')

writeFileSync(
  new URL('../src/pow/scan.generated.ts', import.meta.url),
  `// written by wasm/build.ts\nexport const scannerBase64: string =\n  '${base64}'\n`
)
