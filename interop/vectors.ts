/** The `vectors` command: `node --conditions=@hearsay/source interop/vectors.ts [file…]` */
import { vectors } from './src/vectors/command.ts'

// whoever reads may leave before the last line
process.stdout.on('error', () => {})
process.exitCode = await vectors(process.argv.slice(2), (line) => console.log(line))
