/**
 * A libp2p host for our packages, as an application makes one that does not use our node. `PEER_NAMES` says under which
 * names it has noise and yamux: `libp2p`, or `chainsafe`.
 */
import { noise as chainsafeNoise } from '@chainsafe/libp2p-noise'
import { yamux as chainsafeYamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'
import type { Settings } from '../node/settings.ts'

/** Not started yet */
export async function newHost<Services extends ServiceMap>(
  { seed, listen }: Settings,
  services: ServiceFactoryMap<Services>,
  rest: Pick<Libp2pOptions, 'metrics'> = {}
): Promise<Libp2p<Services & { identify: Identify }>> {
  const isChainsafe = process.env['PEER_NAMES'] === 'chainsafe'
  return createLibp2p({
    ...rest,
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [listen] },
    transports: [tcp()],
    connectionEncrypters: [isChainsafe ? chainsafeNoise() : noise()],
    streamMuxers: [isChainsafe ? chainsafeYamux() : yamux()],
    connectionManager: { inboundConnectionThreshold: Infinity },
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ...services },
    start: false
  } as Libp2pOptions<Services & { identify: Identify }>)
}
