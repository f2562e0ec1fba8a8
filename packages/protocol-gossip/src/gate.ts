/**
 * The gate: a peer proves some work before it may say anything else.
 *
 * @see docs/specs/gossip.md#the-gate
 */
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { MAX_BANNED } from './constants.ts'
import { oldestOfTheCrowd } from './crowd.ts'
import { proves } from './pow/proof.ts'
import type { Direction, Input, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Challenge, Info, Message, Proof, Verdict } from './codec.ts'
import type { Answer, CloseReason, GossipConfig, GossipEffect } from './contract.ts'
import type { Dialect } from './dialect.ts'

/** The messages that belong to the gate; all others are for verified peers */
export type GateMessage = Challenge | Info | Proof | Verdict

type GateConfig = Pick<GossipConfig, 'difficultyBits' | 'challengeTimeout' | 'banTime' | 'maxUnverified'>

/**
 * How far a peer has come. One we accepted is challenged until it proved its work; one we dialled lets us wait for its
 * challenge, solve it, and wait for its verdict. Where the dialect has no gate, both are admitted from the start.
 */
type Stage = 'challenged' | 'awaiting' | 'solving' | 'proven' | 'admitted'

interface Guest {
  dialect: Dialect
  direction: Direction
  group: string
  stage: Stage
  /** Ours to an inbound peer, or the one we are solving */
  challenge: bigint
  deadline: Millis
  informed: boolean
}

const TIMER = 'gate'

export class Gate {
  private readonly config: GateConfig
  private readonly random: Random
  /** By protocol id. BOUNDED by the configuration */
  private readonly dialects: ReadonlyMap<string, Dialect>
  /** BOUNDED by the sessions there are, and unverified inbound ones by maxUnverified */
  private readonly guests = new Map<PeerKey, Guest>()
  /** Those not verified yet, oldest first; all have the same time, so in order of deadline. BOUNDED by `guests` */
  private readonly unverified = new Map<PeerKey, Guest>()
  /** Until when peers are refused */
  private readonly banned = new BoundedMap<PeerKey, Millis>(MAX_BANNED)
  private port = 0

  constructor(config: GateConfig, random: Random, dialects: readonly Dialect[]) {
    this.config = config
    this.dialects = new Map(dialects.map((dialect) => [dialect.protocol, dialect]))
    this.random = random
  }

  /** The TCP port to tell those we dial; 0 tells them nothing */
  setPort(port: number): void {
    this.port = port
  }

  /** Whether a peer may say what is not for the gate */
  isAdmitted(peer: PeerKey): boolean {
    return this.guests.get(peer)?.stage === 'admitted'
  }

  /** What a peer speaks, while there is a session with it */
  dialectOf(peer: PeerKey): Dialect | undefined {
    return this.guests.get(peer)?.dialect
  }

  isBanned(peer: PeerKey, now: Millis): boolean {
    const until = this.banned.get(peer)

    if (until !== undefined && until <= now) {
      this.banned.delete(peer)
    }

    return until !== undefined && until > now
  }

  /** One that is not banned */
  onConnected(
    { peer, direction, group, protocol }: Extract<Input<never, never, never>, { type: 'connected' }>,
    now: Millis
  ): GossipEffect[] {
    const dialect = this.dialects.get(protocol)

    if (dialect === undefined) {
      return [close(peer, 'violation')]
    }

    const inbound = direction === 'inbound'
    const guest: Guest = {
      dialect,
      direction,
      group,
      stage: inbound ? 'challenged' : 'awaiting',
      challenge: inbound ? this.random.uint64() : 0n,
      deadline: now + this.config.challengeTimeout,
      informed: false
    }
    this.guests.set(peer, guest)
    const greeting = inbound ? [] : urgent(peer, dialect.greet(this.port))
    return [...greeting, ...(dialect.gated ? this.examine(peer, guest) : this.admit(peer, guest))]
  }

  onDisconnected(peer: PeerKey): GossipEffect[] {
    const guest = this.guests.get(peer)
    this.guests.delete(peer)
    this.unverified.delete(peer)

    switch (guest?.stage) {
      case 'solving':
        return [{ type: 'cancel', key: solveKey(peer) }]
      case 'admitted':
        return [{ type: 'emit', event: { type: 'lost', peer } }]
      default:
        return []
    }
  }

  onMessage(peer: PeerKey, message: GateMessage, now: Millis): GossipEffect[] {
    const guest = this.guests.get(peer)

    if (guest === undefined) {
      return []
    } else if (message.type === 'challenge' && guest.stage === 'awaiting') {
      return this.onChallenge(peer, guest, message.challenge)
    } else if (message.type === 'proof' && guest.stage === 'challenged') {
      return this.onProof(peer, guest, message.nonce, now)
    } else if (message.type === 'verdict' && guest.stage === 'proven') {
      return message.valid ? this.admit(peer, guest) : [close(peer, 'refused')]
    } else if (message.type === 'info' && guest.direction === 'inbound' && !guest.informed) {
      guest.informed = true
      return []
    }

    return this.ban(peer, 'violation', now)
  }

  onSolved({ peer, challenge, nonce }: Extract<Answer, { type: 'solved' }>): GossipEffect[] {
    const guest = this.guests.get(peer)

    if (guest?.stage !== 'solving' || guest.challenge !== challenge) {
      return []
    } else if (nonce === undefined) {
      return [close(peer, 'unsolved')]
    }

    guest.stage = 'proven'
    return urgent(peer, [{ type: 'proof', nonce }])
  }

  /** Close those whose time is over. Late is no offence: they may try again with a fresh challenge */
  onTimer(now: Millis): GossipEffect[] {
    const effects: GossipEffect[] = []

    for (const [peer, guest] of this.unverified) {
      if (guest.deadline > now) {
        return [...effects, this.arm(guest)]
      }

      this.unverified.delete(peer)
      effects.push(close(peer, 'late'))
    }

    return effects
  }

  /** Close the peer and refuse it for a while */
  ban(peer: PeerKey, reason: CloseReason, now: Millis): GossipEffect[] {
    this.banned.set(peer, now + this.config.banTime)
    return [close(peer, reason)]
  }

  /** From now on its time runs; one that dialled us is told what to prove */
  private examine(peer: PeerKey, guest: Guest): GossipEffect[] {
    const timer = this.unverified.size === 0 ? [this.arm(guest)] : []
    this.unverified.set(peer, guest)
    return guest.direction === 'inbound' ? [...this.challenge(peer, guest), ...timer] : timer
  }

  private challenge(peer: PeerKey, { challenge }: Guest): GossipEffect[] {
    const crowded = this.takeCrowded()
    const send = urgent(peer, [{ type: 'challenge', challenge }])
    return crowded === undefined ? send : [close(crowded, 'crowded'), ...send]
  }

  /** Over the bound, the oldest unverified peer of the address group that holds most */
  private takeCrowded(): PeerKey | undefined {
    if (this.unverified.size <= this.config.maxUnverified) {
      return undefined
    }

    const inbound = [...this.unverified].flatMap(([peer, { direction, group }]) =>
      direction === 'inbound' ? [[peer, group] as const] : []
    )

    if (inbound.length <= this.config.maxUnverified) {
      return undefined
    }

    const oldest = oldestOfTheCrowd(inbound)!
    this.unverified.delete(oldest)
    return oldest
  }

  private onChallenge(peer: PeerKey, guest: Guest, challenge: bigint): GossipEffect[] {
    guest.stage = 'solving'
    guest.challenge = challenge
    return [{ type: 'ask', ask: { type: 'solve', peer, challenge }, key: solveKey(peer) }]
  }

  private onProof(peer: PeerKey, guest: Guest, nonce: bigint, now: Millis): GossipEffect[] {
    const valid = proves(guest.challenge, nonce, this.config.difficultyBits)
    const verdict = urgent(peer, guest.dialect.judge(valid))
    return [...verdict, ...(valid ? this.admit(peer, guest) : this.ban(peer, 'wrong proof', now))]
  }

  private admit(peer: PeerKey, guest: Guest): GossipEffect[] {
    const { direction, dialect } = guest
    guest.stage = 'admitted'
    this.unverified.delete(peer)
    return [{ type: 'emit', event: { type: 'verified', peer, direction, dialect: dialect.name } }]
  }

  private arm({ deadline }: Guest): GossipEffect {
    return { type: 'arm', key: TIMER, at: deadline }
  }
}

export function close(peer: PeerKey, reason: CloseReason): GossipEffect {
  return { type: 'close', peer, reason }
}

function urgent(peer: PeerKey, messages: readonly Message[]): GossipEffect[] {
  return messages.map((message) => ({ type: 'send', peer, message, urgent: true }))
}

function solveKey(peer: PeerKey): string {
  return `solve ${peer}`
}
