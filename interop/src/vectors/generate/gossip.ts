import { api, final, midterm, p2p } from '../gossip-dialects.ts'
import { encodedFrames, originalFrames, originalSection, refusedFrames } from './frames.ts'
import { original } from './originals.ts'
import type { Announce, Message } from '@hearsay/protocol-gossip/codec'
import type { ApiMessage } from '../../../../packages/node/src/api/messages.ts'
import type { MidtermMessage } from '../../../../packages/protocol-gossip/src/codec-midterm.ts'
import type { P2pMessage } from '../../../../packages/protocol-gossip/src/codec-p2p.ts'
import type { Vector } from '../messages/vector.ts'

const utf8 = (words: string): Uint8Array => new TextEncoder().encode(words)
const MAX_U64 = 2n ** 64n - 1n
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, at) => at)
/** Beyond 32,767 bytes, where a size of 16 bits with a sign ends */
const LARGE = new Uint8Array(33_000).fill(0x68)
const ID = 0x0123456789abcdefn
const ADDRESSES = [
  '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
  '/dns/bücher.example/tcp/443/wss/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
]

const announce = (id: bigint, ttl: number, dataType: number, data: Uint8Array): Announce => ({
  type: 'announce',
  id,
  ttl,
  dataType,
  data
})

/** Of the three dialects between peers; an id of 16 bits fits all of them */
const announces = (id: bigint, highest: bigint): Record<string, Announce> => ({
  'ANNOUNCE without data': announce(0n, 0, 0, new Uint8Array()),
  'ANNOUNCE of text': announce(id, 1, 1_337, utf8('psst: 😀')),
  'ANNOUNCE of every byte, all fields at their highest': announce(highest, 255, 65_535, EVERY_BYTE),
  'ANNOUNCE of 33,000 bytes': announce(id, 7, 1, LARGE)
})

const finalMessages: Record<string, Message> = {
  ...announces(ID, MAX_U64),
  DISCOVERY: { type: 'discovery' },
  'OFFER of one address': { type: 'offer', addresses: ADDRESSES.slice(0, 1) },
  'OFFER of two addresses, one not in ASCII': { type: 'offer', addresses: ADDRESSES },
  'INFO of port 1': { type: 'info', port: 1 },
  'INFO of port 65535': { type: 'info', port: 65_535 },
  'CHALLENGE of 0': { type: 'challenge', challenge: 0n },
  'CHALLENGE, the highest': { type: 'challenge', challenge: MAX_U64 },
  'VERIFICATION of 0': { type: 'proof', nonce: 0n },
  'VERIFICATION with its byte order showing': { type: 'proof', nonce: ID },
  'VALIDATION of a right proof': { type: 'verdict', valid: true },
  'VALIDATION of a wrong proof': { type: 'verdict', valid: false }
}

const midtermMessages: Record<string, MidtermMessage> = {
  ...announces(ID, MAX_U64),
  'DISCOVERY with a challenge': { type: 'discovery', challenge: ID },
  'OFFER of one address': { type: 'offer', challenge: ID, nonce: 1n, addresses: ADDRESSES.slice(0, 1) },
  'OFFER of two addresses': { type: 'offer', challenge: MAX_U64, nonce: MAX_U64, addresses: ADDRESSES },
  'INFO of port 6001': { type: 'info', port: 6_001 }
}

const p2pMessages: Record<string, P2pMessage> = {
  'INIT of 0': { type: 'challenge', challenge: 0n },
  'INIT with its byte order showing': { type: 'challenge', challenge: ID },
  'VERIFY, the highest': { type: 'proof', nonce: MAX_U64 },
  OK: { type: 'verdict', valid: true },
  ...announces(0x0123n, 0xffffn)
}

const apiMessages: Record<string, ApiMessage> = {
  'ANNOUNCE without data': { type: 'announce', ttl: 0, dataType: 0, data: new Uint8Array() },
  'ANNOUNCE of every byte': { type: 'announce', ttl: 255, dataType: 65_535, data: EVERY_BYTE },
  'NOTIFY of type 1337': { type: 'notify', dataType: 1_337 },
  'NOTIFICATION without data': { type: 'notification', messageId: 65_535, dataType: 1, data: new Uint8Array() },
  'NOTIFICATION of 33,000 bytes': { type: 'notification', messageId: 1, dataType: 256, data: LARGE },
  'VALIDATION, valid': { type: 'validation', messageId: 258, valid: true },
  'VALIDATION, invalid': { type: 'validation', messageId: 65_535, valid: false }
}

/** By file name */
export function gossipVectors(): Record<string, Vector[]> {
  const [known, malformed] = [original('gossip.json'), original('gossip-malformed.json')]
  const of = (name: string): ReturnType<typeof originalSection> => originalSection(known, name)
  const bad = (name: string): ReturnType<typeof originalSection> => originalSection(malformed, name)
  return {
    'gossip.json': [
      ...encodedFrames(final, finalMessages),
      ...originalFrames(final, of('g1_final')),
      ...refusedFrames(bad('g1_final_malformed'))
    ],
    'gossip-midterm.json': [
      ...encodedFrames(midterm, midtermMessages),
      ...originalFrames(midterm, of('g1_midterm')),
      ...refusedFrames(bad('g1_midterm_malformed'))
    ],
    'gossip-p2p.json': [
      ...encodedFrames(p2p, p2pMessages),
      ...originalFrames(p2p, of('g2_document')),
      ...refusedFrames(bad('g2_document_malformed'))
    ],
    'gossip-api.json': [
      ...encodedFrames(api, apiMessages),
      ...originalFrames(api, of('api')),
      ...refusedFrames(of('api_malformed'), bad('api_malformed'))
    ]
  }
}
