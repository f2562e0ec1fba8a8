import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { memory } from '@libp2p/memory'
import { createLibp2p } from 'libp2p'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

let addresses = 0

/** A libp2p host on the memory transport, with the multiplexer and encryption of the real ones */
export async function createHost(options: Partial<Libp2pOptions> = {}): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [`/memory/core-test-${addresses++}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
    ...options
  })
}

export interface StreamPair {
  outbound: Stream
  inbound: Stream
  connection: Connection
  stop(): Promise<void>
}

export const TEST_PROTOCOL = '/hearsay/test/1.0.0'

/** Both ends of one real stream between two hosts */
export async function connectedStreams(options: Partial<Libp2pOptions> = {}): Promise<StreamPair> {
  const hosts = await Promise.all([createHost(options), createHost(options)])
  const [dialler, listener] = hosts
  const accepted = Promise.withResolvers<Stream>()
  await listener.handle(TEST_PROTOCOL, (stream) => accepted.resolve(stream))
  const connection = await dialler.dial(listener.getMultiaddrs())
  const outbound = await connection.newStream(TEST_PROTOCOL)

  return {
    outbound,
    inbound: await accepted.promise,
    connection,
    stop: async () => {
      await Promise.all(hosts.map(async (host) => host.stop()))
    }
  }
}
