/** Cells in which nothing foreign takes part: our nodes among themselves, and our package in a browser. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeOf, nodeVersions } from './node-versions.ts'
import type { Cell } from './cell.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const THREE_NODES = fileURLToPath(new URL('../../three-nodes.ts', import.meta.url))
const BROWSER_TEST = 'packages/protocol-gossip/test/service.browser.test.ts'
const CHROMIUMS = [process.env['CHROMIUM_PATH'] ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome']

export const ownCells: readonly Cell[] = [
  {
    implementation: 'ours',
    protocol: 'line',
    role: 'three-nodes',
    feature: 'all',
    timeout: 300_000,
    run: async (bench) => bench.command('three-nodes', process.execPath, [THREE_NODES])
  },
  ...nodeVersions
    .filter(({ version }) => version !== process.versions.node)
    .map((node): Cell => ({
      implementation: 'ours',
      protocol: 'line',
      role: `three-nodes-on-${node.major}`,
      feature: 'all',
      timeout: 300_000,
      run: async (bench) => bench.command('three-nodes', await nodeOf(node, (line) => bench.note(line)), [THREE_NODES])
    })),
  {
    implementation: 'browser',
    protocol: 'websockets',
    role: 'dial',
    feature: 'gossip',
    timeout: 180_000,
    missing: CHROMIUMS.some((path) => path !== '' && existsSync(path)) ? undefined : 'Chromium is not installed',
    run: async (bench) => {
      const vitest = `${ROOT}node_modules/vitest/vitest.mjs`
      const args = [vitest, 'run', '--root', ROOT, '--project', 'browser', BROWSER_TEST]
      await bench.command('vitest', process.execPath, args)
    }
  }
]
