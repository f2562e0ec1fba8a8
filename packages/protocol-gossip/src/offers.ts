/**
 * What others offered when we asked them for peers.
 *
 * @see docs/specs/gossip.md#membership
 */
import { BoundedMap, shuffle } from '@hearsay/protocol-core/pure'
import { MAX_ADDRESS_LENGTH, MAX_OFFERED, MAX_OFFERERS, OFFER_MAX_AGE } from './constants.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Discovery, Offer } from './codec.ts'
import type { Dialect } from './dialect.ts'

/** One of ours, and when it was sent */
interface Question {
  discovery: Discovery
  at: Millis
}

/** What one peer offered in this search */
interface Candidates {
  /** Not tried yet. BOUNDED by MAX_OFFERED */
  left: string[]
  /** How many were drawn */
  drawn: number
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

/** Under which the answer to a question for peers can be cancelled */
export function offerKey(asker: PeerKey): string {
  return `offer ${asker}`
}

export class Offers {
  private readonly self: PeerKey
  private readonly random: Random
  /** Questions without an answer. BOUNDED by the peers, and OFFER_MAX_AGE per cooldown */
  private readonly asked = new Map<PeerKey, Question[]>()
  /** Those who offer may leave: what they offered stays for this search. BOUNDED by MAX_OFFERERS, the newest */
  private readonly candidates = new BoundedMap<PeerKey, Candidates>(MAX_OFFERERS)
  /** Those whose turn is still to come in this round. BOUNDED by `candidates` */
  private turns: Candidates[] = []

  constructor(self: PeerKey, random: Random) {
    this.self = self
    this.random = random
  }

  /** What is left of the last search */
  forget(): void {
    this.candidates.clear()
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

    // what we dial may be logged, with what is wrong with it: so it is plain
    const left = addresses.filter((address) => PLAIN.test(address))
    this.candidates.set(peer, Object.assign(this.candidates.get(peer) ?? { drawn: 0 }, { left }))
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
      while (turn.left.length > 0) {
        const [address] = turn.left.splice(this.random.below(turn.left.length), 1)

        if (isWanted(peerOf(address!)!)) {
          turn.drawn++
          return address
        }
      }
    }

    return undefined
  }

  /** Rounds in which each offerer that may still be drawn from has one turn, in random order */
  private nextTurn(perOfferer: number): Candidates | undefined {
    if (this.turns.length === 0) {
      const all = [...this.candidates].map(([, candidates]) => candidates)
      const open = all.filter(({ left, drawn }) => left.length > 0 && drawn < perOfferer)
      this.turns = shuffle(open, this.random)
    }

    return this.turns.pop()
  }

  private unanswered(peer: PeerKey, now: Millis): Question[] {
    return (this.asked.get(peer) ?? []).filter(({ at }) => now - at <= OFFER_MAX_AGE)
  }
}
