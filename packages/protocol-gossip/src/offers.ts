/**
 * What others offered when we asked them for peers.
 *
 * @see docs/specs/gossip.md#membership
 */
import { shuffle } from '@hearsay/protocol-core/pure'
import { MAX_ADDRESS_LENGTH, MAX_OFFERED, OFFER_MAX_AGE } from './constants.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Discovery, Offer } from './codec.ts'
import type { Dialect } from './dialect.ts'

/** One of ours, and when it was sent */
interface Question {
  discovery: Discovery
  at: Millis
}

/** The peer that a multiaddr ends in, if it ends in one */
export function peerOf(address: string): PeerKey | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1] as PeerKey | undefined
}

/** Whether this address may stand in an OFFER to `asker` */
function isTaken(address: string, asker: PeerKey): boolean {
  const peer = peerOf(address)
  return address.length <= MAX_ADDRESS_LENGTH && peer !== undefined && peer !== asker
}

/** ASCII without space and comma, which parts the addresses of an OFFER */
const PLAIN = /^[!-+\--~]+$/

/** Whether we may offer it, whoever told us: `asker` takes it, and reads what we wrote */
export function isOfferable(address: string, asker: PeerKey): boolean {
  return PLAIN.test(address) && isTaken(address, asker)
}

export class Offers {
  private readonly self: PeerKey
  private readonly random: Random
  /** Questions without an answer. BOUNDED by the peers, and OFFER_MAX_AGE per cooldown */
  private readonly asked = new Map<PeerKey, Question[]>()
  /** Addresses not tried yet. BOUNDED by the peers asked, MAX_OFFERED each */
  private readonly candidates = new Map<PeerKey, string[]>()
  /** How often each offerer was drawn from in this search. BOUNDED by `candidates` */
  private readonly drawn = new Map<PeerKey, number>()
  /** Offerers whose turn is still to come in this round. BOUNDED by `candidates` */
  private turns: PeerKey[] = []

  constructor(self: PeerKey, random: Random) {
    this.self = self
    this.random = random
  }

  /** What is left of the last search */
  forget(): void {
    this.candidates.clear()
    this.drawn.clear()
    this.turns = []
  }

  onAsked(peer: PeerKey, discovery: Discovery, now: Millis): void {
    this.asked.set(peer, [...this.unanswered(peer, now), { discovery, at: now }])
  }

  /** @returns whether the offer is one we asked for, recent, not empty, not too long, and does not name ourselves */
  onOffer(peer: PeerKey, offer: Offer, dialect: Dialect, now: Millis): boolean {
    const { addresses } = offer
    const questions = this.unanswered(peer, now)
    const answered = questions.find(({ discovery }) => dialect.answers(discovery, offer))
    this.asked.set(
      peer,
      questions.filter((question) => question !== answered)
    )

    const wellFormed =
      addresses.length > 0 &&
      addresses.length <= MAX_OFFERED &&
      addresses.every((address) => isTaken(address, this.self))

    if (answered === undefined || !wellFormed) {
      return false
    }

    this.candidates.set(peer, addresses.slice())
    return true
  }

  onDisconnected(peer: PeerKey): void {
    this.asked.delete(peer)
  }

  /**
   * A random candidate that is wanted, of the offerer whose turn it is; at most `perOfferer` of each in one search. Those
   * drawn that are not wanted are forgotten.
   */
  draw(perOfferer: number, isWanted: (peer: PeerKey) => boolean): string | undefined {
    for (let turn = this.nextTurn(perOfferer); turn !== undefined; turn = this.nextTurn(perOfferer)) {
      const left = this.candidates.get(turn)!

      while (left.length > 0) {
        const [address] = left.splice(this.random.below(left.length), 1)

        if (isWanted(peerOf(address!)!)) {
          this.drawn.set(turn, (this.drawn.get(turn) ?? 0) + 1)
          return address
        }
      }
    }

    return undefined
  }

  /** Rounds in which each offerer that may still be drawn from has one turn, in random order */
  private nextTurn(perOfferer: number): PeerKey | undefined {
    if (this.turns.length === 0) {
      const open = [...this.candidates].flatMap(([peer, left]) =>
        left.length > 0 && (this.drawn.get(peer) ?? 0) < perOfferer ? [peer] : []
      )
      this.turns = shuffle(open, this.random)
    }

    return this.turns.pop()
  }

  private unanswered(peer: PeerKey, now: Millis): Question[] {
    return (this.asked.get(peer) ?? []).filter(({ at }) => now - at <= OFFER_MAX_AGE)
  }
}
