import { freePort } from '../matrix/free-port.ts'
import { newIdentity } from './identity.ts'

/** Who a program is, and where it listens once it runs */
export interface Place {
  seed: string
  listen: string
  address: string
}

export async function newPlace(): Promise<Place> {
  const [{ seed, peerId }, port] = [await newIdentity(), await freePort()]
  const listen = `/ip4/127.0.0.1/tcp/${port}`
  return { seed, listen, address: `${listen}/p2p/${peerId}` }
}
