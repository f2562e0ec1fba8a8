/** Peers of protocols that have RSA keys of their own: what our node between them does can be seen from outside. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { freePort } from '../matrix/free-port.ts'
import { newIdentity } from './identity.ts'
import type { Bench } from '../matrix/bench.ts'
import type { PeerProcess } from '../matrix/peer-process.ts'

export interface KeyedFeature {
  name: string
  about: string
  run: (context: KeyedContext) => Promise<void>
}

export interface KeyedContext {
  bench: Bench
  protocol: string
  /** Flags that make our node speak the protocol */
  flags: readonly string[]
}

const KEY_BITS = 2_048

/**
 * A peer with a new key and a new identity, linked to one address.
 *
 * @param settings - what else it is told, `PEER_…` without the prefix
 */
export async function keyedPeer(
  { bench, protocol }: KeyedContext,
  address: string,
  settings: Readonly<Record<string, string>> = {}
): Promise<PeerProcess> {
  const [{ seed }, port] = [await newIdentity(), await freePort()]
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: KEY_BITS })
  const path = bench.file(`${port}.pem`)
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const peer = bench.peer('peer', {
    TASK: 'peer',
    PROTOCOL: protocol,
    SEED: seed,
    LISTEN: `/ip4/127.0.0.1/tcp/${port}`,
    DIAL: address,
    DIFFICULTY_BITS: '0',
    DATA_TYPE: '0',
    KEY: path,
    ...settings
  })
  await peer.listens(port)
  return peer
}

/** What has not come within so many ms does not come; nothing tells from outside that it has */
export async function settle({ bench }: KeyedContext, ms: number): Promise<void> {
  const end = performance.now() + ms
  await bench.until('words to go round', () => performance.now() > end)
}
