import { OurGossip, Swarm } from '../src/index.ts'

// two hundred nodes on slow, lossy links; each knows three others at the start
const links = { latency: [20, 250], jitter: 50, loss: 0.01, bandwidth: 125_000 } as const
const swarm = new Swarm(new OurGossip({ degree: 6 }), { seed: 1, knownPeers: 3, payloadBytes: 500, ...links })

// they come within a minute, and have five more to find each other
const nodes = swarm.joinTogether(200, 60_000)
swarm.network.run(5 * 60_000)

// twenty seconds into the announces, a third of them loses power
swarm.network.schedule(20_000, () =>
  nodes.slice(0, 66).forEach((node) => swarm.network.remove(node, { silently: true }))
)
swarm.publishEvenly(100, 60_000, 30_000)

const { delivery, p50Latency, p99Latency, duplicates, bytesPerDelivery, traceHash } = swarm.measures()
console.log({ delivery, p50Latency, p99Latency, duplicates, bytesPerDelivery, traceHash })
