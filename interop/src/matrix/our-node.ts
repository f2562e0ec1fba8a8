import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The program that is run as our node */
export interface OurNode {
  /** Its main file */
  main: string
  /** Flags of `hearsay start` that make each of its listeners take a free port */
  freePorts: readonly string[]
  hasDhtApi: boolean
}

const MAIN = fileURLToPath(new URL('../../../packages/node/dist/cli/main.js', import.meta.url))
const LISTENERS = { '--listen': '/ip4/127.0.0.1/tcp/0', '--gossip-api': '127.0.0.1:0', '--dht-api': '127.0.0.1:0' }

/**
 * Asks a program which listeners it has.
 *
 * @param main - without it, the one built from this workspace
 * @throws {Error} when it is not there
 */
export function ourNode(main: string = MAIN): OurNode {
  if (!existsSync(main)) {
    throw new Error(`${main} does not exist: build it with "npx -y pnpm@12 build"`)
  }

  const { stdout } = spawnSync(process.execPath, [main, 'start', '--help'], { encoding: 'utf8' })
  const known = Object.entries(LISTENERS).filter(([flag]) => stdout.includes(`${flag} `))
  return { main, freePorts: known.flat(), hasDhtApi: known.some(([flag]) => flag === '--dht-api') }
}
