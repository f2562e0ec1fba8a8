import { Tokens } from './tokens.ts'
import type { Direction, Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Batch } from './intake.ts'
import type { Value } from './msgpack.ts'

/** A request to a peer that awaits its answer; answers of one kind come in the order of the requests. */
export interface PendingRequest {
  at: Millis
  /** Gets what follows the opcode in an ACK or a NACK; undefined when none came. Absent once that was told */
  settle: ((answer: RequestAnswer | undefined) => void) | undefined
}

export interface RequestAnswer {
  accepted: boolean
  opcode: number
  rest: readonly Value[]
}

/** FIND_NODE and FIND_VALUE share one queue, as both may be answered by the former */
export type RequestKind = 'ping' | 'find' | 'store' | 'custom'

/** One peer, from its stream's opening to its end. */
export class Link {
  readonly peer: PeerKey
  readonly direction: Direction
  readonly group: string
  readonly since: Millis
  /** Opened by us for a call, and to be closed again */
  readonly visiting: boolean
  /** Its public key (DER), once its subnet was found to be ours */
  key: Uint8Array | undefined
  /** Whether it proved that its key belongs to this connection: then it may say more than options */
  proven = false
  /** Whether we sent it the same */
  introduced = false
  /** Whether it was closed for taking too long */
  late = false
  /** Whether it is only told why it will be closed: nothing it says counts any more */
  parting = false
  lastUsed: Millis
  readonly tokens: Tokens
  /** Methods it can decompress, a bit each */
  inflates = 0
  preferred: number | undefined
  /** What arrived, in order. BOUNDED by MAX_PENDING and MAX_PENDING_BYTES */
  readonly batches: Batch[] = []
  batchBytes = 0
  /** Of transmissions that were compressed, and how many are being inflated */
  inflatedBytes = 0
  inflating = 0
  /** Answers of ours that wait for their signature */
  replying = 0
  /** Who waits for it to be bound. BOUNDED by MAX_CALLS */
  readonly waiters: ((bound: boolean) => void)[] = []
  /** BOUNDED by MAX_REQUESTS each */
  readonly requests: Readonly<Record<RequestKind, PendingRequest[]>> = { ping: [], find: [], store: [], custom: [] }

  constructor(init: {
    peer: PeerKey
    direction: Direction
    group: string
    visiting: boolean
    now: Millis
    rate: number
  }) {
    this.peer = init.peer
    this.direction = init.direction
    this.group = init.group
    this.visiting = init.visiting
    this.since = init.now
    this.lastUsed = init.now
    this.tokens = new Tokens(init.rate, init.now)
  }

  /** Both: only then it is a peer, and is sent more than options and answers */
  get bound(): boolean {
    return this.proven && this.introduced
  }
}
