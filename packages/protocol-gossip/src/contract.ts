/** What the gossip engine is told, and what it says. Types only. */
import type { Direction, Effect, Input, Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Announce, Discovery, Message, Offer } from './codec.ts'

/** Who hears announces of one data type: a validator in this process, or a client of an API */
export type SubscriberId = number

/** @see docs/specs/gossip.md#wire */
export type DialectName = 'gossip' | 'gossip-midterm' | 'gossip-p2p'

export type Command =
  /** Dial the known peers, and search from now on */
  | { type: 'start' }
  /** The TCP port we listen on, for INFO */
  | { type: 'listening'; port: number }
  /** `party` groups the subscribers that belong together: none of them is told what one of them announces */
  | { type: 'subscribe'; subscriber: SubscriberId; party: string; dataType: number }
  | { type: 'unsubscribe'; subscriber: SubscriberId }
  | { type: 'announce'; party: string; dataType: number; data: Uint8Array; ttl: number }

export type Ask =
  | { type: 'solve'; peer: PeerKey; challenge: bigint }
  /** What a subscriber thinks of an announce. `ticket` names it until the verdict */
  | { type: 'validate'; ticket: number; subscriber: SubscriberId; announce: Announce }
  /** Where these peers can be reached, to be offered to `asker` */
  | { type: 'addresses'; asker: PeerKey; question: Discovery; peers: PeerKey[] }
  /** The nonce with which the hash of this packet, which is the offer, starts with so many zero bits */
  | { type: 'prove'; peer: PeerKey; offer: Offer; packet: Uint8Array; difficultyBits: number }

export type Answer =
  /** No nonce: there is none within what may be searched */
  | { type: 'solved'; peer: PeerKey; challenge: bigint; nonce?: bigint }
  | { type: 'verdict'; ticket: number; subscriber: SubscriberId; valid: boolean }
  | { type: 'addresses'; asker: PeerKey; question: Discovery; addresses: string[] }
  /** The offer with its nonce, or none where there is none */
  | { type: 'proven'; peer: PeerKey; offer?: Offer }

export type Event =
  /** An announce that every subscriber found valid */
  | { type: 'message'; announce: Announce; from: PeerKey }
  /** What became of an announce of our own: peers it went to, and whether it waits for the first one */
  | { type: 'announced'; id: bigint; sentTo: number; queued: boolean }
  /** It may speak now: it passed the gate, or its dialect has none */
  | { type: 'verified'; peer: PeerKey; direction: Direction; dialect: DialectName }
  | { type: 'lost'; peer: PeerKey }
  /** Whether there is a verified peer, or nobody to wait for */
  | { type: 'ready'; ready: boolean }

export type GossipInput = Input<Message, Command, Answer>
export type GossipEffect = Effect<Message, Event, Ask>

/** Why a peer is closed: counted, so these few and no others. Those of the first group cost it `banTime`. */
export type CloseReason =
  | 'malformed' // bytes that are no message
  | 'violation' // a message out of turn
  | 'wrong proof'
  | 'banned' // it came back too early
  | 'late' // the gate took longer than challengeTimeout
  | 'crowded' // it had proved nothing, and others came
  | 'unsolved' // we found no proof for it
  | 'refused' // it did not accept our proof
  | 'evicted' // the oldest push peer made room

export interface GossipConfig {
  /** Those offered, most preferred first */
  dialects: readonly DialectName[]
  /** Leading zero bits of a proof of work */
  difficultyBits: number
  challengeTimeout: Millis
  banTime: Millis
  /** Inbound peers that have not proved anything yet */
  maxUnverified: number
  /** Verified peers an announce goes to */
  degree: number
  minConnections: number
  maxConnections: number
  searchCooldown: Millis
  /** Multiaddrs */
  knownPeers: readonly string[]
  /** A multiaddr, dialled when no known peer answers */
  bootstrapper: string | undefined
  /** Open a stream to connected peers that speak the protocol */
  fromConnections: boolean
  /** Announces remembered, see SeenSet */
  cacheSize: number
  /** New announces taken of one peer: a second in the long run, and at once */
  announceRate: number
  announceBurst: number
  /** How long a subscriber may take */
  verdictTimeout: Millis
  /** Pass on announces that nobody here subscribed to */
  relayUnknown: boolean
}
