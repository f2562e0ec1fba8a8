/**
 * Whom we are connected to: known peers, which are kept, and two views filled by asking around. The pull view holds
 * peers we dialled, the push view peers that dialled us.
 *
 * @see docs/specs/gossip.md#membership
 */
import { FoundPeers } from '@hearsay/protocol-core/pure'
import { FOUND, MAX_OFFERED, OFFER_WAIT, REDIAL_MAX } from './constants.ts'
import { Contacts } from './contacts.ts'
import { close } from './gate.ts'
import { isOfferable, offerKey, Offers, peerOf } from './offers.ts'
import { OpenPlaces } from './open-places.ts'
import type { Direction, Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Contact } from './contacts.ts'
import type { Discovery, Offer } from './codec.ts'
import type { Answer, GossipConfig, GossipEffect } from './contract.ts'
import type { Dialect } from './dialect.ts'

export interface MembershipInit {
  self: PeerKey
  config: Pick<
    GossipConfig,
    'minConnections' | 'maxConnections' | 'searchCooldown' | 'knownPeers' | 'bootstrapper' | 'fromConnections'
  >
  random: Random
  /** Those offered */
  dialects: readonly Dialect[]
  dialectOf(peer: PeerKey): Dialect | undefined
  isBanned(peer: PeerKey, now: Millis): boolean
}

interface Dial {
  contact?: Contact
  peer: PeerKey | undefined
}

export class Membership {
  private readonly init: MembershipInit
  private readonly maxPull: number
  private readonly maxPush: number
  /** How many to dial beyond the minimum: the next ones leave before they can be replaced */
  private readonly spare: number
  private readonly contacts: Contacts
  private readonly offers: Offers
  /** Everybody with a session, verified or not, and its address group. BOUNDED by the sessions there are */
  private readonly online = new Map<PeerKey, string>()
  /** Peers we dialled that are still at the gate. BOUNDED by maxPull */
  private readonly entering = new Set<PeerKey>()
  /** BOUNDED by maxPull */
  private readonly pull = new Set<PeerKey>()
  /** Oldest first. BOUNDED by maxPush */
  private readonly push = new Set<PeerKey>()
  /** Peers whose dialect has no gate; those we dialled are in `pull` too */
  private readonly open: OpenPlaces
  /** BOUNDED by maxPull */
  private readonly dialling = new Map<string, Dial>()
  /** When a peer was last sent an OFFER. BOUNDED by the verified peers */
  private readonly offeredAt = new Map<PeerKey, Millis>()
  private readonly found = new FoundPeers(FOUND)
  private dials = 0
  /** When a push peer last had to leave for another */
  private evictedAt = Number.NEGATIVE_INFINITY
  /** From when on peers may be asked again; infinity before the start */
  private searchAt = Number.POSITIVE_INFINITY
  /** From when on the offers of the last search are drawn from; infinity before the first one */
  private drawAt = Number.POSITIVE_INFINITY
  /** Undefined until we know */
  private ready: boolean | undefined

  constructor(init: MembershipInit) {
    const { knownPeers, bootstrapper, minConnections, maxConnections } = init.config
    this.init = init
    this.maxPull = Math.ceil(maxConnections / 2)
    this.maxPush = Math.floor(maxConnections / 2)
    this.spare = Math.min(Math.ceil(minConnections / 4), maxConnections - minConnections)
    this.open = new OpenPlaces(Math.floor(maxConnections / 4))
    this.contacts = new Contacts(knownPeers, bootstrapper)
    this.offers = new Offers(init.self, init.random)
  }

  onStart(now: Millis): GossipEffect[] {
    const nobodyToWaitFor = this.contacts.size === 0 ? this.setReady(true) : []
    return [...nobodyToWaitFor, this.startCooldown(now), ...this.dialContacts(now)]
  }

  onConnected(peer: PeerKey, direction: Direction, group: string): void {
    this.online.set(peer, group)
    this.contacts.onConnected(peer)

    if (direction === 'outbound') {
      this.entering.add(peer)
    }
  }

  onVerified(peer: PeerKey, direction: Direction, now: Millis): GossipEffect[] {
    this.entering.delete(peer)
    this.contacts.onVerified(peer, now)
    this.found.onVerified(peer, now)

    return [...this.enter(peer, direction, now), ...this.searchAmong(peer, now)]
  }

  private enter(peer: PeerKey, direction: Direction, now: Millis): GossipEffect[] {
    if (!this.isGated(peer)) {
      return this.takePlace(peer, direction)
    } else if (direction === 'outbound') {
      this.pull.add(peer)
      return this.setReady(true)
    }

    this.push.add(peer)
    return [...this.setReady(true), ...this.evict(now)]
  }

  /** One that passed no gate. If it dialled us, it is in neither view */
  private takePlace(peer: PeerKey, direction: Direction): GossipEffect[] {
    const dialled = direction === 'outbound'
    const leaving = this.open.take(peer, dialled ? undefined : this.online.get(peer))

    if (dialled && leaving !== peer) {
      this.pull.add(peer)
    }

    return [
      ...(leaving === undefined ? [] : [close(leaving, 'crowded')]),
      ...(this.pull.has(peer) ? this.setReady(true) : [])
    ]
  }

  onDisconnected(peer: PeerKey, now: Millis): GossipEffect[] {
    this.entering.delete(peer)
    this.pull.delete(peer)
    this.online.delete(peer)
    this.push.delete(peer)
    this.open.leave(peer)
    this.offers.onDisconnected(peer)
    this.contacts.onDisconnected(peer, now)
    this.found.onFailed(peer, now)
    return [...this.stopOffering(peer), ...this.dialContacts(now), ...this.armFound(), ...this.findMore(now)]
  }

  onDialled(dial: string, peer: PeerKey | undefined, now: Millis): GossipEffect[] {
    const { contact, peer: wanted } = this.dialling.get(dial) ?? {}
    this.dialling.delete(dial)

    if (contact !== undefined) {
      contact.peer = peer ?? contact.peer

      if (contact.peer !== undefined && this.online.has(contact.peer)) {
        contact.state = 'online'
      } else {
        this.contacts.onFailed(contact, now)
      }
    }

    if (peer !== undefined) {
      return []
    }

    if (wanted !== undefined) {
      this.found.onFailed(wanted, now)
    }

    return [...this.dialContacts(now), ...this.armFound(), ...this.findMore(now)]
  }

  /** Whether, within a cooldown, newcomers to the push view took the places of others */
  isCrowded(now: Millis): boolean {
    return now - this.evictedAt < this.init.config.searchCooldown
  }

  /** Identify shows that a connected peer speaks the protocol */
  onFound(peer: PeerKey, direction: Direction, now: Millis): GossipEffect[] {
    if (!this.init.config.fromConnections) {
      return []
    }

    this.found.add(peer, direction, now)
    return this.armFound()
  }

  onTimer(key: string, now: Millis): GossipEffect[] {
    switch (key) {
      case 'search':
      case 'draw':
        return this.findMore(now)
      case 'redial':
        return this.dialContacts(now)
      case 'found':
        return this.dialFound(now)
      default:
        return []
    }
  }

  /** At most one OFFER per asking peer and cooldown */
  onDiscovery(asker: PeerKey, question: Discovery, now: Millis): GossipEffect[] {
    const last = this.offeredAt.get(asker)

    if (last !== undefined && now - last < this.init.config.searchCooldown) {
      return []
    }

    this.offeredAt.set(asker, now)
    // those that passed no gate are offered to their like only
    const peers = this.members().filter((peer) => peer !== asker && (this.isGated(peer) || !this.isGated(asker)))
    const ask = { type: 'addresses', asker, question, peers } as const
    return peers.length === 0 ? [] : [{ type: 'ask', key: offerKey(asker), ask }]
  }

  /** No work for who has left, which coming back would have us do again */
  private stopOffering(peer: PeerKey): GossipEffect[] {
    return this.offeredAt.delete(peer) ? [{ type: 'cancel', key: offerKey(peer) }] : []
  }

  onAddresses({ asker, question, addresses }: Extract<Answer, { type: 'addresses' }>): GossipEffect[] {
    const dialect = this.init.dialectOf(asker)
    const offered = addresses.filter((address) => isOfferable(address, asker)).slice(0, MAX_OFFERED)
    return offered.length === 0 || dialect === undefined ? [] : [dialect.offer(asker, question, offered)]
  }

  onProven({ peer, offer }: Extract<Answer, { type: 'proven' }>): GossipEffect[] {
    return offer === undefined ? [] : [{ type: 'send', peer, message: offer }]
  }

  /** @returns undefined when the offer breaks the rules */
  onOffer(peer: PeerKey, offer: Offer, now: Millis): GossipEffect[] | undefined {
    const dialect = this.init.dialectOf(peer)

    if (dialect === undefined || !this.offers.onOffer(peer, offer, dialect, now)) {
      return undefined
    }

    return this.drawCandidates(now)
  }

  /** Draw from what was offered; if that is not enough, ask again */
  private findMore(now: Millis): GossipEffect[] {
    const drawn = this.drawCandidates(now)
    return this.isShort() && now >= this.searchAt ? [...drawn, ...this.search(now)] : drawn
  }

  private search(now: Millis): GossipEffect[] {
    const members = this.members()

    if (members.length === 0) {
      return []
    }

    this.offers.forget()
    // well before the next search, which starts afresh
    this.drawAt = now + Math.min(OFFER_WAIT, this.init.config.searchCooldown / 2)
    const questions = members.flatMap((peer) => this.ask(peer, now))
    return [this.startCooldown(now), ...questions, { type: 'arm', key: 'draw', at: this.drawAt }]
  }

  /** One that came when the others had been asked, and did not offer enough, is asked too */
  private searchAmong(peer: PeerKey, now: Millis): GossipEffect[] {
    const searching = now < this.searchAt && this.drawAt < Number.POSITIVE_INFINITY
    return searching && this.isShort() ? this.ask(peer, now) : this.findMore(now)
  }

  private ask(peer: PeerKey, now: Millis): GossipEffect[] {
    const question = this.init.dialectOf(peer)?.ask(this.init.random)

    if (question === undefined) {
      return []
    }

    this.offers.onAsked(peer, question, now)
    return [{ type: 'send', peer, message: question }]
  }

  /** Dial candidates, as many as needed and no more */
  private drawCandidates(now: Millis): GossipEffect[] {
    const perOfferer = Math.ceil(this.maxPull / 4)
    const effects: GossipEffect[] = []

    while (now >= this.drawAt && this.wanted(this.spare) > 0) {
      const address = this.offers.draw(perOfferer, (peer) => this.isDiallable(peer, now))

      if (address === undefined) {
        break
      }

      effects.push(this.dial([address], { peer: peerOf(address) }))
    }

    return effects
  }

  private dialContacts(now: Millis): GossipEffect[] {
    const effects: GossipEffect[] = []

    // first the known peers; then, if that left nobody to hope for, the bootstrapper
    for (const alone of [false, true]) {
      for (const contact of this.contacts.due(now, alone && this.isAlone())) {
        if (contact.peer !== undefined && this.init.isBanned(contact.peer, now)) {
          this.contacts.onFailed(contact, now)
        } else if (this.pull.size + this.pending < this.maxPull) {
          contact.state = 'dialling'
          effects.push(this.dial([contact.address], { contact, peer: contact.peer }))
        }
      }
    }

    const alone = this.isAlone()
    const retryAt = this.contacts.nextRetry(now, alone)
    return [
      ...effects,
      ...(alone && this.contacts.size > 0 ? this.setReady(false) : []),
      ...(retryAt === undefined ? [] : [{ type: 'arm', key: 'redial', at: retryAt } as const])
    ]
  }

  private dialFound(now: Millis): GossipEffect[] {
    const effects: GossipEffect[] = []

    for (const { peer, isNew } of this.found.due(now)) {
      // who was lost or evicted comes back only where it is missed: two that are full would evict each other for ever
      const places = isNew ? this.room : this.wanted()

      if (this.online.has(peer)) {
        this.found.postpone(peer, Number.POSITIVE_INFINITY)
      } else if (places > 0 && this.isDiallable(peer, now)) {
        this.found.postpone(peer, Number.POSITIVE_INFINITY)
        effects.push({ ...this.dial([], { peer }), connected: true })
      } else {
        this.found.postpone(peer, now + REDIAL_MAX)
      }
    }

    return [...effects, ...this.armFound()]
  }

  private armFound(): GossipEffect[] {
    const at = this.found.next()
    return at === undefined ? [] : [{ type: 'arm', key: 'found', at }]
  }

  private dial(addresses: string[], dial: Dial): Extract<GossipEffect, { type: 'dial' }> {
    const id = String(this.dials++)
    this.dialling.set(id, dial)
    return { type: 'dial', dial: id, addresses, ...(dial.peer === undefined ? {} : { peer: dial.peer }) }
  }

  private isDiallable(peer: PeerKey, now: Millis): boolean {
    const underway = [...this.dialling.values()].some((dial) => dial.peer === peer)
    return !underway && !this.online.has(peer) && !this.init.isBanned(peer, now)
  }

  /** Who may be asked, and be offered to others */
  private members(): PeerKey[] {
    return [...new Set([...this.pull, ...this.push, ...this.open.peers])]
  }

  private isGated(peer: PeerKey): boolean {
    return this.init.dialectOf(peer)?.gated !== false
  }

  /** Nobody verified, and nobody about to be */
  private isAlone(): boolean {
    return this.pull.size + this.push.size + this.pending === 0
  }

  /** Peers we dialled that may yet join the pull view */
  private get pending(): number {
    return this.dialling.size + this.entering.size
  }

  /** Pull places for others than known peers */
  private get room(): number {
    const reserved = this.contacts.allKnownOffline ? 1 : 0
    const free = this.init.dialects.some(({ gated }) => gated) ? this.maxPull : this.open.free
    return Math.min(this.maxPull - this.pull.size, free) - this.pending - reserved
  }

  /** Whether to search */
  private isShort(): boolean {
    return this.wanted() > 0
  }

  /** How many more are missing, those on their way not counted, as far as there is room for them */
  private wanted(spare = 0): number {
    const { minConnections } = this.init.config
    const missing = minConnections + spare - this.pull.size - this.push.size
    const missingPull = Math.ceil(minConnections / 2) - this.pull.size
    return Math.min(this.room, Math.max(missing, missingPull) - this.pending)
  }

  /** A newcomer to a full push view takes the place of the oldest, which makes eclipsing harder */
  private evict(now: Millis): GossipEffect[] {
    if (this.push.size <= this.maxPush) {
      return []
    }

    this.evictedAt = now
    const oldest = this.push.values().next().value!
    this.push.delete(oldest)
    return [close(oldest, 'evicted')]
  }

  private startCooldown(now: Millis): GossipEffect {
    this.searchAt = now + this.init.config.searchCooldown
    return { type: 'arm', key: 'search', at: this.searchAt }
  }

  private setReady(ready: boolean): GossipEffect[] {
    if (this.ready === ready) {
      return []
    }

    this.ready = ready
    return [{ type: 'emit', event: { type: 'ready', ready } }]
  }
}
