import { generateUser } from '@hearsay/protocol-cup2py'
import { multiaddr } from '@multiformats/multiaddr'
import { Child } from './child.ts'
import { stopAll } from './hosts.ts'
import { summarise, takeTurns } from './rounds.ts'
import { createNode } from './variants.ts'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Node, Variant } from './variants.ts'

const PEERS = 50
const CONTESTANTS: readonly Variant[] = ['hearsay', 'plain', 'gossipsub']
const NAMES: Partial<Record<Variant, string>> = {
  hearsay: 'host with gossip, shout and cup2py',
  plain: 'host without them',
  gossipsub: 'host with gossipsub'
}

interface Idle {
  /** kB of heap and buffers, in a process with nothing else */
  node: number
  /** kB a peer */
  peer: number
  /** Of one core, in %, for a hundred peers */
  cpu: number
}

/** P7: a node and fifty peers that say nothing, once each has met it by every protocol */
export async function benchIdle(context: Context): Promise<Comparison[]> {
  const keys = await Promise.all(Array.from({ length: PEERS }, async () => generateUser()))
  const trials = CONTESTANTS.map((variant) => ({ name: variant, run: async () => leaveIdle(variant, keys) }))
  const results = await takeTurns(trials, context.rounds, 120_000)
  const median = (variant: Variant, metric: keyof Idle): number =>
    summarise(results[CONTESTANTS.indexOf(variant)]!.map((each) => each[metric])).median

  for (const [metric, unit] of [
    ['peer', 'kB a peer'],
    ['node', 'kB a node'],
    ['cpu', '% of a core for 100 peers']
  ] as const) {
    const all = results.map((each) => summarise(each.map((idle) => idle[metric])))
    context.figure(unit, ...all.map((summary, i) => ({ name: NAMES[CONTESTANTS[i]!]!, ...summary })))
  }

  const more = (what: string, metric: keyof Idle, target: number, unit: string): Comparison => ({
    what: `${what}, more than the same host without the protocols`,
    ratio: median('hearsay', metric) - median('plain', metric),
    target,
    sense: 'at most',
    unit
  })
  return [more('memory of an idle peer', 'peer', 60, 'kB'), more('100 idle peers', 'cpu', 0.5, '% of a core')]
}

async function leaveIdle(variant: Variant, keys: readonly RsaPrivateKey[]): Promise<Idle> {
  const child = new Child('idle', variant, String(PEERS))
  const told = Promise.all([child.next<number>('alone'), child.next<{ at: string[]; record?: UserRecord }>('address')])
  const crowd: Node[] = []

  try {
    const [alone, { at, record }] = await told

    for (const key of keys) {
      const node = await createNode(variant, { key, limit: PEERS })
      crowd.push(node)
      await node.host.dial(at.map((address) => multiaddr(address)))
      await node.greet(record)
    }

    const measured = Promise.all([child.next<number>('crowded'), child.next<number>('cpuShare')])
    child.send(String(PEERS))
    const [crowded, cpuShare] = await measured
    return { node: alone / 1_000, peer: (crowded - alone) / 1_000 / PEERS, cpu: ((100 * cpuShare) / PEERS) * 100 }
  } finally {
    await child.stop()
    await stopAll(crowd.map(({ host }) => host))
  }
}
