/**
 * The users of the address book, as the rules see them: hash, date and address. One more than there is room for, and one
 * leaves: first those that were never reached, then those reached longest ago, pinned ones never.
 *
 * @see docs/specs/cup2py.md#address-book
 */
import { sample } from '@hearsay/protocol-core/pure'
import { MIN_UNREACHED } from './constants.ts'
import { peerOf } from './record.ts'
import type { PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { KnownUser } from './contract.ts'

/** Users of one peer told of a request, at most: it needs one copy only */
const MAX_OF_PEER = 16

type Standing = 'pinned' | 'reached' | 'unreached'

interface Entry {
  user: KnownUser
  peer: PeerKey | undefined
  standing: Standing
  /** In `hashes` */
  position: number
}

/** A peer to send to, and the users that are there */
export interface Recipient {
  peer: PeerKey
  address: string
  hashes: string[]
}

export interface Wanted {
  /** Users that do not need it */
  skips: (hash: string) => boolean
  /** Peers with a session */
  connected: ReadonlySet<PeerKey>
  /** Peers that do not need it */
  except: ReadonlySet<PeerKey>
  count: number
}

export class Users {
  private readonly maxUsers: number
  private readonly random: Random
  /** BOUNDED by maxUsers */
  private readonly entries = new Map<string, Entry>()
  /** The same, each in the order it is forgotten in. BOUNDED by `entries`; `unreached` by half of maxUsers */
  private readonly standings: Record<Standing, Set<string>> = {
    pinned: new Set(),
    reached: new Set(),
    unreached: new Set()
  }
  /** The same, to draw from. BOUNDED by `entries` */
  private readonly hashes: string[] = []
  /** The same, by where they are. BOUNDED by `entries` */
  private readonly byPeer = new Map<PeerKey, Set<string>>()

  constructor(maxUsers: number, random: Random) {
    this.maxUsers = maxUsers
    this.random = random
  }

  get size(): number {
    return this.entries.size
  }

  get(hash: string): KnownUser | undefined {
    return this.entries.get(hash)?.user
  }

  /** @returns those that had to leave for it; itself alone when there is no room for it */
  put(user: KnownUser): string[] {
    const standing = this.entries.get(user.hash)?.standing
    const isKnown = standing === 'pinned' || (standing === 'reached' && user.reachedAt === 0)
    this.delete(user.hash)
    this.insert(user, isKnown ? standing : user.pinned ? 'pinned' : user.reachedAt > 0 ? 'reached' : 'unreached')
    const evicted: string[] = []

    while (this.entries.size > this.maxUsers || this.standings.unreached.size > Math.ceil(this.maxUsers / 2)) {
      const leaving = this.firstOf('unreached') ?? this.firstOf('reached') ?? user.hash
      this.delete(leaving)
      evicted.push(leaving)
    }

    return evicted
  }

  delete(hash: string): void {
    const entry = this.entries.get(hash)

    if (entry !== undefined) {
      const last = this.hashes.pop()!

      if (last !== hash) {
        this.hashes[entry.position] = last
        this.entries.get(last)!.position = entry.position
      }

      this.entries.delete(hash)
      this.standings[entry.standing].delete(hash)
      this.leavePeer(hash, entry.peer)
    }
  }

  setReached(hash: string): void {
    const entry = this.entries.get(hash)

    if (entry !== undefined && entry.standing !== 'pinned') {
      this.standings[entry.standing].delete(hash)
      this.standings.reached.add(hash)
      entry.standing = 'reached'
    }
  }

  setPinned(hash: string, pinned: boolean): void {
    const entry = this.entries.get(hash)

    if (entry !== undefined) {
      this.standings[entry.standing].delete(hash)
      entry.standing = pinned ? 'pinned' : 'reached'
      this.standings[entry.standing].add(hash)
    }
  }

  /** Whether it is a user that was reached once, or that the owner added or pinned */
  isReached(hash: string): boolean {
    return this.entries.has(hash) && !this.standings.unreached.has(hash)
  }

  /** Connected peers first; then any that can be dialled, at most as many unreached users as others */
  recipients(wanted: Wanted): Recipient[] {
    const connected = sample([...wanted.connected], wanted.connected.size, this.random)
    const chosen = connected.flatMap((peer) => this.at(peer, wanted) ?? []).slice(0, wanted.count)
    const known = chosen.filter(({ hashes }) => hashes.some((hash) => this.isReached(hash))).length
    const taken = new Set(wanted.connected)
    let unreached = Math.max(MIN_UNREACHED, known)

    for (const hash of this.draw(4 * wanted.count)) {
      const { peer } = this.entries.get(hash)!

      if (chosen.length >= wanted.count) {
        break
      } else if (peer !== undefined && !taken.has(peer) && (this.isReached(hash) || unreached-- > 0)) {
        taken.add(peer)
        chosen.push(...(this.at(peer, wanted) ?? []))
      }
    }

    return chosen
  }

  /** Where a user is, if that can be dialled */
  recipient(hash: string): Recipient | undefined {
    const entry = this.entries.get(hash)
    return entry?.peer === undefined ? undefined : { peer: entry.peer, address: entry.user.address, hashes: [hash] }
  }

  /** Up to `count` users in random order */
  draw(count: number): string[] {
    if (this.hashes.length <= count) {
      return sample(this.hashes, count, this.random)
    }

    const drawn = new Set<string>()

    // with some in vain: the book may hold hardly more than that
    for (let i = 0; i < 4 * count && drawn.size < count; i++) {
      drawn.add(this.hashes[this.random.below(this.hashes.length)]!)
    }

    // those that were reached come first: strangers can fill a book, but not reach us from other addresses than theirs
    return [...drawn].toSorted((a, b) => Number(this.isReached(b)) - Number(this.isReached(a)))
  }

  private at(peer: PeerKey, { skips, except }: Wanted): Recipient[] | undefined {
    const hashes: string[] = []

    if (!except.has(peer)) {
      for (const hash of this.byPeer.get(peer) ?? []) {
        if (hashes.length === MAX_OF_PEER) {
          break
        } else if (!skips(hash)) {
          hashes.push(hash)
        }
      }
    }

    return hashes.length === 0 ? undefined : [{ peer, address: this.get(hashes[0]!)!.address, hashes }]
  }

  private insert(user: KnownUser, standing: Standing): void {
    const peer = peerOf(user.address)
    this.entries.set(user.hash, { user, peer, standing, position: this.hashes.length })
    this.hashes.push(user.hash)
    this.standings[standing].add(user.hash)

    if (peer !== undefined) {
      const there = this.byPeer.get(peer) ?? new Set()
      this.byPeer.set(peer, there.add(user.hash))
    }
  }

  private leavePeer(hash: string, peer: PeerKey | undefined): void {
    const there = peer === undefined ? undefined : this.byPeer.get(peer)
    there?.delete(hash)

    if (there?.size === 0) {
      this.byPeer.delete(peer!)
    }
  }

  private firstOf(standing: Standing): string | undefined {
    return this.standings[standing].values().next().value
  }
}
