/** What the engine is told, and what it says. Types only. */
import type { Effect, Input, Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from './codec.ts'
import type { UserRecord, Version } from './record.ts'

/** A user of the address book, without keys and signatures */
export interface KnownUser extends Version {
  hash: string
  address: string
  /** When it was last reached, in ms since 1970; 0 for never */
  reachedAt: number
  pinned: boolean
}

export type Command =
  /** What the address book holds, those to forget first first */
  | { type: 'load'; users: readonly KnownUser[] }
  /** Our own record is this, from now on */
  | { type: 'own'; record: UserRecord }
  /** Send our own record to the users of the book */
  | { type: 'publish'; record: UserRecord; depth: number }
  /** A record given to us outside the network, verified; `reachedAt` in ms since 1970, 0 for never */
  | { type: 'learn'; record: UserRecord; reachedAt: Millis }
  | { type: 'pin'; hash: string; pinned: boolean }
  | { type: 'forget'; hash: string }
  /** Ends with an `ended` event, after `quietTime` ms without a newer record */
  | {
      type: 'search'
      id: number
      target: string
      sender: UserRecord
      depth: number
      quietTime: Millis
      held: UserRecord | undefined
    }
  | { type: 'end'; id: number }

export type Ask =
  /** Whether its signature is right. `ticket` names it until the answer */
  | { type: 'verify'; ticket: number; record: UserRecord }
  /** The held record of a user, to be sent to `peer` */
  | { type: 'fetch'; hash: string; peer: PeerKey }
  /** Keep it; `evicted` are those that had to leave for it */
  | { type: 'store'; record: UserRecord; reachedAt: number; evicted: readonly string[] }
  | { type: 'reached'; hash: string }
  | { type: 'remove'; hash: string }

/** `unsupported`: a key that is too short or too long for us, and may be right for others */
export type Verdict = 'valid' | 'invalid' | 'unsupported'

export type Answer =
  /** `floor` is the newest date ever held of this user, `wallTime` ms since 1970 */
  | { type: 'verified'; ticket: number; verdict: Verdict; floor: string | undefined; wallTime: Millis }
  | { type: 'fetched'; peer: PeerKey; record: UserRecord | undefined }
  | { type: 'done' }

export interface SearchCost {
  /** Requests we sent for it */
  messages: number
  /** Peers that got them */
  peersAsked: number
  /** Answers that came, copies included */
  answers: number
}

export type Event =
  /** A record that is new, or newer than the one held */
  | { type: 'record'; record: UserRecord }
  /** What came of a search so far: each newer than the one before */
  | { type: 'answer'; id: number; record: UserRecord }
  | { type: 'ended'; id: number; cost: SearchCost }
  /** Users our own record was sent to, or waits to be sent to */
  | { type: 'published'; users: number }

export type Cup2pyInput = Input<Message, Command, Answer>
export type Cup2pyEffect = Effect<Message, Event, Ask>

/** Why a peer is closed: counted, so these few and no others. The first group costs it `banTime`. */
export type CloseReason =
  | 'malformed' // bytes that are no request
  | 'forged' // a record that its key did not sign
  | 'banned' // it came back too early
  | 'crowded' // it was the longest silent, and another came
  | 'idle' // silent for idleTime

/** Why a request is dropped: counted */
export type DropReason =
  | 'rate' // more requests, or signatures to check, than a peer may have
  | 'busy' // too many signatures to check already
  | 'future' // a date ahead of our clock
  | 'floor' // older than what was held once
  | 'unsupported' // a key that is too short or too long

export interface Cup2pyConfig {
  /** Users of the book; one more, and one that was never reached or longest ago leaves */
  maxUsers: number
  /** Peers with a session; one more, and the longest silent is closed */
  maxPeers: number
  /** Peers a request is sent to */
  fanout: number
  /** What we add to a request's list: whom we send it to and ourselves, or ourselves alone, as the library does */
  checkedList: 'recipients' | 'path'
  /** How far in the future a date may be */
  maxClockSkew: Millis
  /** A user's record is taken once in this time; of several, the newest */
  authorInterval: Millis
  /** Requests a second of one peer */
  requestRate: number
  /** Signature checks a second for one peer */
  verifyRate: number
  /** Dials a second, to addresses that strangers told us */
  dialRate: number
  /** How long a peer that broke the rules is refused */
  banTime: Millis
  /** A session without a request for this long is closed */
  idleTime: Millis
}
