/** Who takes part: gossip, and what people would use instead. */
import { gossip } from '@hearsay/protocol-gossip'
import { fixedPrefix, framed, FrameSplitter } from '@hearsay/protocol-core/pure'
import { gossipsub, TopicValidatorResult } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { hostOptions, stopAll } from './hosts.ts'
import { SocketCounter } from './sockets.ts'
import { contestant } from './swarm.ts'
import type { Gossip, GossipInit } from '@hearsay/protocol-gossip'
import type { Identify } from '@libp2p/identify'
import type { GossipSub, GossipsubOpts } from '@libp2p/gossipsub'
import type { Stream } from '@libp2p/interface'
import type { Contestant } from './swarm.ts'

const PROTOCOL = '/hearsay/benchmark/1.0.0'
const DATA_TYPE = 1
const TOPIC = 'benchmark'
const PREFIX = fixedPrefix(4)
const MAX_FRAME = 2 ** 20

/**
 * As it comes, but for three: no proof of work, no search for peers beside those of the graph, and no limit on what one
 * peer may say, as the first of two hosts says everything.
 */
export const GOSSIP: GossipInit = {
  difficultyBits: 0,
  searchCooldown: 86_400_000,
  announceRate: 1_000_000,
  announceBurst: 1_000_000
}

interface GossipServices extends Record<string, unknown> {
  identify: Identify
  gossip: Gossip
}

/** Every announce validated by everybody */
export const hearsay: Contestant = contestant<GossipServices>({
  name: 'gossip',
  services: () => ({ identify: identify(), gossip: gossip(GOSSIP) }),
  neighbours: ({ services }) => services.gossip.peers.length,
  join: ({ services }, delivered) => {
    services.gossip.subscribe(DATA_TYPE, () => true)
    services.gossip.addEventListener('message', ({ detail }) => delivered(detail.data))
  },
  publish: ({ services }, data) => void services.gossip.announce(DATA_TYPE, data)
})

interface PubsubServices extends Record<string, unknown> {
  identify: Identify
  pubsub: GossipSub
}

function gossipsubContestant(name: string, options: Partial<GossipsubOpts>): Contestant {
  return contestant<PubsubServices>({
    name,
    services: () => ({ identify: identify(), pubsub: gossipsub(options) }),
    // of its mesh, in both directions once the other end says so too
    neighbours: ({ services }) => (services.pubsub as Meshed).getMeshPeers(TOPIC).length,
    join: ({ services }, delivered) => {
      services.pubsub.topicValidators.set(TOPIC, () => TopicValidatorResult.Accept)
      services.pubsub.subscribe(TOPIC)
      services.pubsub.addEventListener('message', ({ detail }) => delivered(detail.data))
    },
    // what it refuses does not arrive, and is counted as that
    publish: ({ services }, data) => void services.pubsub.publish(TOPIC, data).catch(() => {})
  })
}

/** gossipsub 17 has it, its interface has not */
type Meshed = GossipSub & { getMeshPeers(topic: string): string[] }

/** Each message signed with Ed25519, and verified at each hop */
export const gossipsubDefault: Contestant = gossipsubContestant('gossipsub, default', {})
export const gossipsubUnsigned: Contestant = gossipsubContestant('gossipsub, StrictNoSign', {
  globalSignaturePolicy: 'StrictNoSign'
})

/** Two hosts and one stream, each message behind its length */
function rawContestant(name: string, sender: (stream: Stream) => (frame: Uint8Array) => void): Contestant {
  return {
    name,
    start: async () => {
      const counter = new SocketCounter()
      const hosts = await Promise.all([createLibp2p(hostOptions()), createLibp2p(hostOptions())])
      const splitter = new FrameSplitter(PREFIX, MAX_FRAME)
      let delivered = (_data: Uint8Array): void => {}
      await hosts[1].handle(PROTOCOL, (stream) => {
        stream.addEventListener('message', ({ data }) => {
          for (const part of data instanceof Uint8Array ? [data] : data) {
            splitter.push(part, (frame) => {
              delivered(frame)
              return true
            })
          }
        })
      })
      const send = sender(await hosts[0].dialProtocol(hosts[1].getMultiaddrs(), PROTOCOL))
      counter.stop()

      return {
        nodes: 2,
        publish: (_from, data) => send(framed(PREFIX, data)),
        onDelivery: (callback) => (delivered = callback),
        bytes: () => counter.bytes,
        stop: async () => stopAll(hosts)
      }
    }
  }
}

export const rawSingle: Contestant = rawContestant(
  'raw stream, one send a message',
  (stream) => (frame) => void stream.send(frame)
)

/** All that one tick says leaves in one send, copied together: handed over as a list, small frames cost more */
export const rawBatched: Contestant = rawContestant('raw stream, batched', (stream) => {
  let queue: Uint8Array[] = []

  return (frame) => {
    if (queue.length === 0) {
      queueMicrotask(() => {
        stream.send(Buffer.concat(queue))
        queue = []
      })
    }

    queue.push(frame)
  }
})
