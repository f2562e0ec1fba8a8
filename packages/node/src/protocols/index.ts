import { Users } from '../users.ts'
import { cup2pyProtocol, meetFirstUsers } from './cup2py.ts'
import { dhtProtocol } from './dht.ts'
import { gossipProtocol } from './gossip.ts'
import { shoutProtocol } from './shout.ts'
import type { AddressBook } from '@hearsay/protocol-cup2py'
import type { Libp2p } from '@libp2p/interface'
import type { Dht } from '../dht/dht.ts'
import type { NodeServices } from '../host.ts'
import type { Log } from '../log.ts'
import type { NodeStorage } from '../storage.ts'
import type { NodeProtocol } from './protocol.ts'

export interface ProtocolsInit {
  libp2p: Libp2p<NodeServices>
  book: AddressBook
  dht: Dht | undefined
  storage: NodeStorage
  log: Log
}

/** Those that are on */
export async function nodeProtocols({ libp2p, book, dht, storage, log }: ProtocolsInit): Promise<NodeProtocol[]> {
  const { gossip, cup2py, shout } = libp2p.services
  const users = new Users({ peerId: libp2p.peerId.toString(), cup2py: cup2py && { service: cup2py, book }, shout })
  const protocols: NodeProtocol[] = gossip === undefined ? [] : [gossipProtocol(gossip)]

  if (cup2py !== undefined) {
    protocols.push(await cup2pyProtocol(libp2p, cup2py, users))
    await meetFirstUsers(libp2p, cup2py, log)
  }

  if (shout !== undefined) {
    protocols.push(shoutProtocol(libp2p, shout, users))
  }

  if (dht !== undefined && storage.dht !== undefined) {
    protocols.push(await dhtProtocol(libp2p, dht, storage.dht))
  }

  return protocols
}
