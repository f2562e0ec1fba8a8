import { api, final, midterm, p2p } from '../gossip-dialects.ts'
import { dhtMessages } from '../dht.ts'
import { readFrame } from './read-frame.ts'
import { readProof } from './read-proof.ts'
import { readRecord } from './read-record.ts'
import { readRequest } from './read-request.ts'
import { readTransmission } from './read-transmission.ts'
import type { Dialect } from '../frames.ts'
import type { Reader } from './vector.ts'

/** By name of the vector file: what our packages make of each of its cases */
export const readers: Readonly<Record<string, Reader>> = {
  'cup2py.json': readRequest,
  'dht-api.json': frames(dhtMessages),
  'dht-records.json': readRecord,
  'gossip-api.json': frames(api),
  'gossip-midterm.json': frames(midterm),
  'gossip-p2p.json': frames(p2p),
  'gossip-proofs.json': readProof,
  'gossip.json': frames(final),
  'shout.json': readTransmission
}

function frames<Message extends { type: string }>(dialect: Dialect<Message>): Reader {
  return async (vector) => readFrame(dialect, vector)
}
