import { Child } from './child.ts'
import { summarise, takeTurns } from './rounds.ts'
import { createNode } from './variants.ts'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Node, Variant } from './variants.ts'

/** Between two messages of the node that is joined, in ms */
const INTERVAL = 5
/** Starts in each round */
const STARTS = 3

/** In ms from the start of the process */
interface Joined {
  peer: number
  delivered: number
}

/** P8: a process starts, finds a peer that keeps saying something, and hears it */
export async function benchJoin(context: Context): Promise<Comparison[]> {
  const [hearsay, gossipsub] = [await talkative('gossip'), await talkative('gossipsub')]
  const trials = [joining('gossip', hearsay), joining('gossipsub', gossipsub)]

  try {
    const [ours, theirs] = (await takeTurns(trials, STARTS * context.rounds)) as [Joined[], Joined[]]
    const peer = { name: 'gossip, to a verified peer', ...summarise(ours.map((each) => each.peer)) }
    const first = { name: 'gossip, to the first delivery', ...summarise(ours.map((each) => each.delivered)) }
    const other = { name: 'gossipsub, to the first delivery', ...summarise(theirs.map((each) => each.delivered)) }
    context.figure('ms', peer, first, other)
    const than = (what: string, { median }: typeof peer): Comparison => ({
      what: `${what} by gossipsub to its first delivery`,
      ratio: median / other.median,
      target: 1,
      sense: 'at most'
    })
    return [than('gossip to a verified peer', peer), than('gossip to its first delivery', first)]
  } finally {
    await Promise.all([hearsay.stop(), gossipsub.stop()])
  }
}

interface Talkative {
  node: Node
  stop(): Promise<void>
}

async function talkative(variant: Variant): Promise<Talkative> {
  const node = await createNode(variant)
  let said = 0
  const timer = setInterval(() => node.publish(Uint8Array.of(1, said >> 16, said >> 8, said++)), INTERVAL)
  return {
    node,
    stop: async () => {
      clearInterval(timer)
      await node.host.stop()
    }
  }
}

function joining(variant: Variant, { node }: Talkative): { name: string; run(): Promise<Joined> } {
  return {
    name: variant,
    run: async () => {
      const start = performance.now()
      const child = new Child('join', variant, node.host.getMultiaddrs()[0]!.toString())
      const since = async (what: string): Promise<number> => {
        await child.next(what)
        return performance.now() - start
      }

      try {
        const [peer, delivered] = await Promise.all([since('peer'), since('delivered')])
        return { peer, delivered }
      } finally {
        await child.stop()
      }
    }
  }
}
