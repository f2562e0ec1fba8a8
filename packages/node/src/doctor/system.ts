/** Node.js, memory and the limits of the process. */
import { totalmem } from 'node:os'
import { limitsOfConfig } from '../config/load.ts'
import { fail, ok, warn } from './finding.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Finding } from './finding.ts'

const MIB = 2 ** 20
/** Files of Node.js itself, of the data directory and of the control API */
const OTHER_FILES = 128

export function checkNode(version: string = process.versions.node): Finding {
  const major = Number(version.split('.', 1)[0])
  return major % 2 === 0
    ? ok('Node.js', `version ${version}`)
    : warn(
        'Node.js',
        `version ${version} gets no fixes for long`,
        'install a version with an even number: https://nodejs.org'
      )
}

export function checkMemory({ 'max-memory': limit }: NodeConfig, available = availableMiB()): Finding {
  const name = 'memory'

  if (limit === undefined) {
    return available < 512
      ? warn(
          name,
          `${available} MiB, and no limit is set`,
          `give --max-memory ${Math.max(192, Math.floor(available * 0.75))}`
        )
      : ok(name, `${available} MiB, and no limit is set`)
  }

  return limit <= available
    ? ok(name, `${available} MiB, of which the node may take ${limit}`)
    : fail(name, `--max-memory is ${limit} MiB, and there are ${available}`, `give --max-memory ${available} or less`)
}

/** A connection is an open file, and so is each client of an API */
export function checkOpenFiles(config: NodeConfig, limit = openFilesLimit()): Finding {
  const { maxConnections, maxClients } = limitsOfConfig(config)
  const needed = maxConnections + maxClients + OTHER_FILES
  const fix = `raise it with "ulimit -n ${needed}", or LimitNOFILE=${needed} in a systemd unit`
  return limit >= needed
    ? ok('open files', `${limit} are allowed, and ${needed} may be needed`)
    : warn('open files', `${limit} are allowed, and ${needed} may be needed`, fix)
}

/** What a container leaves, or all of the machine */
function availableMiB(): number {
  const constrained = process.constrainedMemory()
  const total = totalmem()
  return Math.floor((constrained > 0 ? Math.min(constrained, total) : total) / MIB)
}

function openFilesLimit(): number {
  // which would look up the names of all hosts we speak with
  Object.assign(process.report, { excludeNetwork: true })
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Infinity
}
