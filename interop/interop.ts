/** The `interop` command: `node --conditions=@hearsay/source interop/interop.ts [option…]` */
import { interop } from './src/matrix/command.ts'

// whoever reads may leave before the last line
process.stdout.on('error', () => {})
process.exitCode = await interop(process.argv.slice(2), (line) => console.log(line))
