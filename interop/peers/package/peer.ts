/**
 * Our own package under the process contract of interop/README.md, on noise and yamux by their other names: what an
 * application makes of it that does not use our node.
 */
import { createHash } from 'node:crypto'
import { gossip } from '@hearsay/protocol-gossip'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { settings, told } from '../node/settings.ts'
import type { Gossip } from '@hearsay/protocol-gossip'

interface Report {
  peerId: string
  verified: { peer: string; direction: string }[]
  heard: { id: string; dataType: number; bytes: number; sha256: string }[]
}

const { seed, listen, dial, bits, dataType } = settings()
const host = await createLibp2p({
  privateKey: await generateKeyPairFromSeed('Ed25519', seed),
  addresses: { listen: [listen] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { inboundConnectionThreshold: Infinity },
  connectionMonitor: { enabled: false },
  services: {
    identify: identify(),
    gossip: gossip({ difficultyBits: bits, knownPeers: dial, fromConnections: false, searchCooldown: 3_600_000 })
  },
  start: false
})
const report: Report = { peerId: host.peerId.toString(), verified: [], heard: [] }
listenTo(host.services.gossip)
await host.start()
await told()
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0))

function listenTo(service: Gossip): void {
  service.subscribe(dataType, () => true)
  service.addEventListener('peer:verified', ({ detail: { peer, direction } }) => {
    report.verified.push({ peer, direction })
  })
  service.addEventListener('message', ({ detail: { id, data, ...rest } }) => {
    const sha256 = createHash('sha256').update(data).digest('hex')
    report.heard.push({ id: id.toString(16), dataType: rest.dataType, bytes: data.length, sha256 })
    service.announce(dataType + 1, data)
  })
}
