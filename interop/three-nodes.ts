/** The demonstration with three nodes: `node interop/three-nodes.ts` */
import { threeNodes } from './src/three-nodes/command.ts'

// whoever reads may leave before the last line
process.stdout.on('error', () => {})
process.exitCode = await threeNodes(process.argv.slice(2), (line) => console.log(line))
