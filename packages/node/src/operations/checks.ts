import { statfs } from 'node:fs/promises'
import type { NodeProtocol } from '../protocols/protocol.ts'
import type { HealthCheck } from './health.ts'

const MIB = 2 ** 20
/** Below this much free space the node may soon fail to keep what it was given */
export const MIN_FREE_BYTES = 64 * MIB

/** A protocol that does not do what it is for */
export function protocolCheck({ name, ready, peers }: NodeProtocol): HealthCheck {
  return {
    name,
    readiness: true,
    check: () => ({ ok: ready(), message: `${ready() ? 'ready' : 'no peer answers yet'}; ${peers().length} peers` })
  }
}

export function memoryCheck(maxMemoryMiB: number | undefined): HealthCheck {
  return {
    name: 'memory',
    readiness: false,
    check: () => {
      const used = Math.ceil(process.memoryUsage.rss() / MIB)
      const limit = maxMemoryMiB === undefined ? 'no --max-memory is set' : `--max-memory is ${maxMemoryMiB} MiB`
      return { ok: used <= (maxMemoryMiB ?? Infinity), message: `${used} MiB in use; ${limit}` }
    }
  }
}

export function diskCheck(dataDir: string): HealthCheck {
  return {
    name: 'disk',
    readiness: false,
    check: async () => {
      const { bavail, bsize } = await statfs(dataDir)
      return { ok: bavail * bsize >= MIN_FREE_BYTES, message: `${Math.floor((bavail * bsize) / MIB)} MiB free` }
    }
  }
}
