import { generateRsaKey } from '@hearsay/protocol-core'
import { shout } from '@hearsay/protocol-shout'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { hostOptions, IN_FLIGHT } from './hosts.ts'
import { interleave, MEASURE_TIME } from './rounds.ts'
import type { Comparison } from './gossip.ts'
import type { Subject } from './rounds.ts'
import type { Libp2p } from '@libp2p/interface'

const TOPIC = 'benchmark'
const PAYLOAD_BYTES = 100
const KEY_BITS = 2_048
/** What the signature of a message of that payload covers, about */
const MESSAGE_BYTES = 700

/** Some hosts that say things to all, whichever protocol they use */
interface Swarm {
  name: string
  /** Host `from` says something to all others */
  publish(from: number): void
  /** Sets what is called whenever a host hears something */
  onArrival(arrived: () => void): void
  stop(): Promise<void>
}

/** Pairs of hosts that are connected */
type Edges = readonly (readonly [number, number])[]

/** A ring and its chords: a random-looking graph in which each of `nodes` has exactly `degree` neighbours */
function edgesOf(nodes: number, degree: number): Edges {
  const steps = nodes === 2 ? [1] : [1, 3].slice(0, degree / 2)
  const all = steps.flatMap((step) => Array.from({ length: nodes }, (_, i) => [i, (i + step) % nodes] as const))
  return nodes === 2 ? all.slice(0, 1) : all
}

/** Shout, every message signed with RSA-2048 and verified at each hop */
async function shoutSwarm(nodes: number, edges: Edges): Promise<Swarm> {
  const hosts = await Promise.all(
    Array.from({ length: nodes }, async () => {
      const key = await generateRsaKey(KEY_BITS)
      // the graph as it is given: shout would connect to whoever announces itself, and there would be no degree of 4
      const service = shout({ key, limit: nodes, autoDial: false, listed: false, persistSeen: false })
      return createLibp2p({ ...hostOptions(), services: { identify: identify(), shout: service } })
    })
  )
  await connect(hosts, edges, (host) => host.services.shout.peers.length)
  let arrived = (): void => {}
  hosts.forEach(({ services }) => services.shout.addEventListener('shout', () => arrived()))
  const value = new Uint8Array(PAYLOAD_BYTES)

  return {
    name: 'shout, RSA-2048 at each hop',
    publish: (from) => void hosts[from]!.services.shout.shout(value),
    onArrival: (callback) => (arrived = callback),
    stop: async () => stopAll(hosts)
  }
}

/** Gossipsub as it comes: each message signed with Ed25519 */
async function gossipsubSwarm(nodes: number, edges: Edges): Promise<Swarm> {
  const hosts = await Promise.all(
    Array.from({ length: nodes }, async () =>
      createLibp2p({ ...hostOptions(), services: { identify: identify(), pubsub: gossipsub() } })
    )
  )
  hosts.forEach(({ services }) => services.pubsub.subscribe(TOPIC))
  await connect(hosts, edges, (host) => host.services.pubsub.getSubscribers(TOPIC).length)
  // a heartbeat or two, in which the mesh forms
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  let arrived = (): void => {}
  hosts.forEach(({ services }) => services.pubsub.addEventListener('message', () => arrived()))
  const data = new Uint8Array(PAYLOAD_BYTES)

  return {
    name: 'gossipsub, default signing',
    publish: (from) => void hosts[from]!.services.pubsub.publish(TOPIC, data),
    onArrival: (callback) => (arrived = callback),
    stop: async () => stopAll(hosts)
  }
}

async function connect<T extends Libp2p>(hosts: readonly T[], edges: Edges, peers: (host: T) => number): Promise<void> {
  for (const [from, to] of edges) {
    await hosts[from]!.dial(hosts[to]!.getMultiaddrs())
  }

  const wanted = hosts.map((_, i) => edges.filter((edge) => edge.includes(i)).length)

  while (hosts.some((host, i) => peers(host) < wanted[i]!)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }

  if (hosts.some((host, i) => peers(host) > wanted[i]!)) {
    throw new Error('a host has more peers than the graph gives it: what is measured would be something else')
  }
}

async function stopAll(hosts: readonly Libp2p[]): Promise<void> {
  await Promise.all(hosts.map(async (host) => host.stop()))
}

/** A closed loop of messages by hosts in turn: done when all others have heard as many as were said */
function subjectOf(swarm: Swarm, nodes: number): Subject {
  return {
    name: swarm.name,
    measure: async () => {
      const start = performance.now()
      const end = start + MEASURE_TIME
      let [said, arrivals] = [0, 0]

      await new Promise<void>((resolve) => {
        const sayMore = (): void => {
          while (performance.now() < end && said - Math.floor(arrivals / (nodes - 1)) < IN_FLIGHT) {
            swarm.publish(nodes === 2 ? 0 : said % nodes)
            said++
          }
        }
        swarm.onArrival(() => {
          arrivals++
          sayMore()

          if (arrivals >= said * (nodes - 1)) {
            resolve()
          }
        })
        sayMore()
      })

      return said / ((performance.now() - start) / 1_000)
    }
  }
}

/** What no implementation can be faster than: each message signed once, and verified by all but its author */
async function rsaAlone(nodes: number): Promise<Subject> {
  const key = await generateRsaKey(KEY_BITS)
  const data = new Uint8Array(MESSAGE_BYTES)

  return {
    name: `RSA-2048 alone, 1 signature made and ${nodes - 1} verified`,
    measure: async () => {
      const start = performance.now()
      let said = 0
      const say = async (): Promise<void> => {
        while (performance.now() < start + MEASURE_TIME) {
          const signature = await key.sign(data, 'PSS')
          await Promise.all(Array.from({ length: nodes - 1 }, async () => key.publicKey.verify(data, signature, 'PSS')))
          said++
        }
      }
      await Promise.all(Array.from({ length: IN_FLIGHT }, say))
      return said / ((performance.now() - start) / 1_000)
    }
  }
}

/** Shout against gossipsub: batching has to pay for stronger signatures */
export async function benchShout(rounds: number, print: (line: string) => void): Promise<Comparison[]> {
  const comparisons: Comparison[] = []

  for (const [nodes, degree, target] of [
    [2, 1, 2],
    [10, 4, 7]
  ] as const) {
    const edges = edgesOf(nodes, degree)
    const swarms = [await shoutSwarm(nodes, edges), await gossipsubSwarm(nodes, edges)]
    const measured = await interleave(
      [...swarms.map((swarm) => subjectOf(swarm, nodes)), await rsaAlone(nodes)],
      rounds
    )
    measured.forEach(({ name, median, lowest, highest }) =>
      print(`  ${nodes} hosts, ${name}: ${rate(median)} per s (${rate(lowest)} to ${rate(highest)})`)
    )
    const ratio = measured[0]!.median / measured[1]!.median
    comparisons.push({ what: `shout against gossipsub, ${nodes} hosts, ${PAYLOAD_BYTES} B`, ratio, target })
    await Promise.all(swarms.map(async (swarm) => swarm.stop()))
  }

  return comparisons
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}
