import { checkClock } from './clock.ts'
import { ok, warn } from './finding.ts'
import { checkBrowsers, checkPeers, checkPorts, checkReachable } from './network.ts'
import { checkDataDir, checkDisk, checkKey, checkUserKey } from './storage.ts'
import { checkMemory, checkNode, checkOpenFiles } from './system.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Status } from '../control/routes/node.ts'
import type { Finding } from './finding.ts'

export interface DoctorInit {
  config: NodeConfig
  /** Of the node that runs with the data directory, if one does */
  running: Status | undefined
  timeServer: string | undefined
}

/** Everything that decides whether a node does well on this machine. */
export async function examine({ config, running, timeServer }: DoctorInit): Promise<Finding[]> {
  const dataDir = config['data-dir']
  const [clock, directory, key, userKey, disk, ports, peers] = await Promise.all([
    checkClock(timeServer),
    checkDataDir(dataDir),
    checkKey(dataDir),
    checkUserKey(dataDir, config.user),
    checkDisk(dataDir),
    checkPorts(config, running),
    checkPeers(config)
  ])
  const system = [checkNode(), clock, checkMemory(config), checkOpenFiles(config)]
  const reach = [checkReachable(config, running), checkBrowsers(config)]
  return [...system, directory, key, userKey, disk, ...ports, ...reach, peers, checkRunning(running)]
}

function checkRunning(running: Status | undefined): Finding {
  const name = 'running node'

  if (running === undefined) {
    return ok(name, 'none with this data directory')
  }

  return running.ready
    ? ok(name, `${running.peerId} is ready, ${running.connections} connections`)
    : warn(
        name,
        `${running.peerId} is not ready: no peer answers`,
        'see the finding on peers; "hearsay why <peer>" tells more'
      )
}
