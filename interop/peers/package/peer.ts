/** Our own packages under the process contract of interop/README.md, each in a libp2p host without our node. */
import { settings, told } from '../node/settings.ts'
import type { Settings } from '../node/settings.ts'

const makeReport = await start(settings())
await told()
const report = await makeReport()
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))

/** By what it speaks, so that no package is loaded that is not there. @returns what makes the report */
async function start(init: Settings): Promise<() => Promise<object>> {
  switch (init.protocol) {
    case '/hearsay/cup2py/1.0.0':
      return (await import('./users.ts')).startUsers(init)
    case '/hearsay/shout/1.0.0':
      return (await import('./shouter.ts')).startShouter(init)
    default:
      return (await import('./gossip.ts')).startGossip(init)
  }
}
