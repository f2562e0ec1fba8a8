/** A peer by hand on js-libp2p, under the process contract of interop/README.md */
import { startApi } from './api.ts'
import { GossipPeer } from './gossip.ts'
import { settings, told } from './settings.ts'
import { verify } from './vectors.ts'

async function run(task: string | undefined): Promise<object> {
  switch (task) {
    case 'vectors':
      return verify((process.env['PEER_VECTORS'] ?? '').split(','))
    case 'peer': {
      const { report } = await GossipPeer.start(settings())
      await told()
      return report
    }
    case 'api': {
      const report = startApi(settings())
      await told()
      return report
    }
    default:
      throw new Error(`this program has no task ${task}`)
  }
}

const report = await run(process.env['PEER_TASK'])
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))
