import { gossip } from '@hearsay/protocol-gossip'
import { fixedPrefix, FrameSplitter } from '@hearsay/protocol-core/pure'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { closedLoop, hostOptions } from './hosts.ts'
import { interleave } from './rounds.ts'
import type { Subject } from './rounds.ts'

const PROTOCOL = '/hearsay/benchmark/1.0.0'
const DATA_TYPE = 1
const PREFIX = fixedPrefix(4)

interface Setup {
  subject(bytes: number): Subject
  stop(): Promise<void>
}

async function gossipHost(knownPeers: string[]) {
  return createLibp2p({
    ...hostOptions(),
    services: {
      identify: identify(), // one peer sends all there is to send: what it may send is not what is measured
      gossip: gossip({ difficultyBits: 0, knownPeers, announceRate: 1_000_000, announceBurst: 1_000_000 })
    }
  })
}

/** Two hosts with gossip, every announce validated */
async function gossipHosts(): Promise<Setup> {
  const receiver = await gossipHost([])
  const sender = await gossipHost(receiver.getMultiaddrs().map(String))
  const [from, to] = [sender.services.gossip, receiver.services.gossip]
  await new Promise((resolve) => from.addEventListener('peer:verified', resolve, { once: true }))
  let arrived = (): void => {}
  to.subscribe(DATA_TYPE, () => true)
  to.addEventListener('message', () => arrived())

  return {
    subject: (bytes) => {
      const data = new Uint8Array(bytes)
      const view = new DataView(data.buffer)
      let count = 0
      return {
        name: 'gossip, validated',
        measure: async () =>
          closedLoop(
            () => {
              view.setUint32(0, count++)
              from.announce(DATA_TYPE, data)
            },
            (callback) => (arrived = callback)
          )
      }
    },
    stop: async () => {
      await Promise.all([sender.stop(), receiver.stop()])
    }
  }
}

/** Two hosts and one stream, each message behind its length in a send of its own */
async function rawHosts(): Promise<Setup> {
  const sender = await createLibp2p(hostOptions())
  const receiver = await createLibp2p(hostOptions())
  const splitter = new FrameSplitter(PREFIX, 2 ** 20)
  let arrived = (): void => {}
  await receiver.handle(PROTOCOL, (stream) => {
    stream.addEventListener('message', ({ data }) => {
      for (const part of data instanceof Uint8Array ? [data] : data) {
        splitter.push(part, () => {
          arrived()
          return true
        })
      }
    })
  })
  const stream = await sender.dialProtocol(receiver.getMultiaddrs(), PROTOCOL)

  return {
    subject: (bytes) => {
      const frame = new Uint8Array(4 + bytes)
      PREFIX.write(frame, 0, bytes)
      return {
        name: 'raw stream, one send a message',
        measure: async () =>
          closedLoop(
            () => stream.send(frame),
            (callback) => (arrived = callback)
          )
      }
    },
    stop: async () => {
      await Promise.all([sender.stop(), receiver.stop()])
    }
  }
}

export interface Comparison {
  what: string
  ratio: number
  target: number
}

/** Gossip against a bare stream between two hosts: batching has to pay for ids, seen set and validation */
export async function benchGossip(rounds: number, print: (line: string) => void): Promise<Comparison[]> {
  const setups = [await gossipHosts(), await rawHosts()]
  const comparisons: Comparison[] = []

  for (const [bytes, target] of [
    [100, 1],
    [1_024, 1]
  ] as const) {
    const measured = await interleave(
      setups.map((setup) => setup.subject(bytes)),
      rounds
    )
    measured.forEach(({ name, median, lowest, highest }) =>
      print(`  ${bytes} B ${name}: ${rate(median)} per s (${rate(lowest)} to ${rate(highest)})`)
    )
    const ratio = measured[0]!.median / measured[1]!.median
    comparisons.push({ what: `gossip against a raw stream, 2 hosts, ${bytes} B`, ratio, target })
  }

  await Promise.all(setups.map(async (setup) => setup.stop()))
  return comparisons
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}
