import type { AbortOptions, PublicKey } from '@libp2p/interface'

export interface PutOptions extends AbortOptions {
  /** In s. More than 65,535 is 65,535. @default 0, which is the node's default of 300 */
  ttl?: number
  /** Copies wanted. More than 20 is 20. @default 0, which is the node's default of 3 */
  replication?: number
  /** Under a key that takes values of this node alone. @default false */
  owned?: boolean
}

export interface GetOptions extends AbortOptions {
  /** Whose value; without one, that of the plain key, which anybody may put */
  owner?: PublicKey
  /** This node's own. @default false */
  owned?: boolean
}

/** What became of a put */
export interface Receipt {
  /** In s, as granted */
  ttl: number
  /** In ms since 1970; from then on the value is nowhere */
  expiresAt: number
  sequence: number
  /** Copies wanted */
  replication: number
  /** Ids of the peers that say they stored it, nearest first; this node may be among them */
  storedOn: string[]
  /** Of those, whose copy was read back and is the same */
  verifiedOn: string[]
}

/** One of the values that a walk saw */
export interface DhtValue {
  value: Uint8Array
  /** The public key that signed it, in libp2p's protobuf form */
  owner: Uint8Array
  /** Whether its key takes values of that owner alone */
  isOwned: boolean
  /** In ms since 1970, on the owner's clock */
  issuedAt: number
  expiresAt: number
  sequence: number
  replication: number
}
