/**
 * Our gossip package as it was first, under the process contract of interop/README.md. It is run from a folder beside
 * that package and what it was locked to, so it is one file, and uses what the package had then.
 */
import { createHash } from 'node:crypto'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'

const value = (name: string): string => process.env[`PEER_${name}`] ?? ''
const dataType = Number(value('DATA_TYPE'))
const options = {
  difficultyBits: Number(value('DIFFICULTY_BITS')),
  knownPeers: value('DIAL')
    .split(',')
    .filter((address) => address !== ''),
  fromConnections: false,
  searchCooldown: 3_600_000
}
const host = await createLibp2p({
  privateKey: await generateKeyPairFromSeed('Ed25519', Buffer.from(value('SEED'), 'hex')),
  addresses: { listen: [value('LISTEN')] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { inboundConnectionThreshold: Infinity },
  connectionMonitor: { enabled: false },
  services: { identify: identify(), gossip: gossip(options) },
  start: false
})
const verified: { peer: string; direction: string }[] = []
const heard: { id: string; dataType: number; bytes: number; sha256: string }[] = []
const { gossip: service } = host.services
service.subscribe(dataType, () => true)
service.addEventListener('peer:verified', ({ detail: { peer, direction } }) => verified.push({ peer, direction }))
service.addEventListener('message', ({ detail: { id, data, dataType: type } }) => {
  const sha256 = createHash('sha256').update(data).digest('hex')
  heard.push({ id: id.toString(16), dataType: type, bytes: data.length, sha256 })
  service.announce(dataType + 1, data)
})
await host.start()
setTimeout(() => process.exit(1), Number(value('TIMEOUT')) * 1_000)

for await (const chunk of process.stdin) {
  console.error(`unexpected on stdin: ${String(chunk)}`)
}

const report = JSON.stringify({ peerId: host.peerId.toString(), verified, heard })
process.stdout.write(`${report}\n`, () => process.exit(0))
