import { EngineScript } from '@hearsay/protocol-core/testing'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { formatDate, userHash } from '@hearsay/protocol-cup2py/codec'
import { Cup2pyEngine, engineDefaults } from '@hearsay/protocol-cup2py/engine'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'
import type { Answer, Ask, Command, Cup2pyConfig, Cup2pyEffect, Event, Verdict } from '@hearsay/protocol-cup2py/engine'
import type { PeerKey } from '@hearsay/protocol-core/pure'

export const peer = (name: string | number): PeerKey => `peer-${name}` as PeerKey
export const SECOND = 1_000
/** The script's clock starts here, in ms since 1970: 1 January 2024 */
export const START = 1_704_067_200_000

/** A record nobody signed: engines do not look at signatures. `age` in seconds */
export function recordOf(name: string | number, age = 60, at: string | number = name): UserRecord {
  const publicKey = `-----BEGIN RSA PUBLIC KEY-----\n${btoa(`user ${name}`)}\n-----END RSA PUBLIC KEY-----\n`
  const second = 86_399 - age
  const date = formatDate({
    year: 2023,
    month: 12,
    day: 31,
    hour: Math.floor(second / 3_600),
    minute: Math.floor(second / 60) % 60,
    second: Math.floor(second % 60),
    microsecond: 1 + Math.round((second % 1) * 1e6)
  })
  return { hash: userHash(publicKey), publicKey, address: `/sim/p2p/${peer(at)}`, date, signature: btoa(`by ${name}`) }
}

export const hashOf = (name: string | number): string => recordOf(name).hash
export const me = recordOf('me')

export class Cup2pyScript extends EngineScript<Message, Command, Answer, Event, Ask> {
  readonly subject: Cup2pyEngine
  /** How far the wall clock is ahead, in ms */
  wallOffset = 0

  constructor(config: Partial<Cup2pyConfig> = {}, seed = 1) {
    const engine = new Cup2pyEngine({
      self: peer('me'),
      user: me.hash,
      config: { ...engineDefaults, ...config },
      random: seededRandom(seed)
    })
    super(engine)
    this.subject = engine
    this.command({ type: 'own', record: me })
  }

  connected(...names: (string | number)[]): Cup2pyEffect[] {
    return names.flatMap((name) =>
      this.input({ type: 'connected', peer: peer(name), direction: 'inbound', protocol: '', group: '' })
    )
  }

  /** Users of the book, with a session each */
  friends(...names: (string | number)[]): this {
    this.connected(...names)
    names.forEach((name) => this.command({ type: 'learn', record: recordOf(name, 3_600), reachedAt: START }))
    return this
  }

  message(from: string | number, message: Message): Cup2pyEffect[] {
    return this.input({ type: 'message', peer: peer(from), message })
  }

  update(from: string | number, record: UserRecord, depth = 3, checked: string[] = []): Cup2pyEffect[] {
    return this.verdicts(this.message(from, { type: 'update', record, depth, checked }))
  }

  search(from: string | number, target: string, sender: UserRecord, depth = 7, checked: string[] = []): Cup2pyEffect[] {
    return this.verdicts(this.message(from, { type: 'search', target, sender, depth, checked }))
  }

  /** The effects, with what comes of the signatures that they ask about */
  verdicts(effects: Cup2pyEffect[], verdict: Verdict = 'valid', floor?: string): Cup2pyEffect[] {
    return effects.flatMap((effect) =>
      effect.type === 'ask' && effect.ask.type === 'verify'
        ? this.answer({
            type: 'verified',
            ticket: effect.ask.ticket,
            verdict,
            floor,
            wallTime: START + this.now + this.wallOffset
          })
        : [effect]
    )
  }
}

/** What is sent, as `[peer, message]` */
export function sends(effects: Cup2pyEffect[]): [PeerKey, Message][] {
  return effects.flatMap((effect) =>
    effect.type === 'send' ? [[effect.peer, effect.message] as [PeerKey, Message]] : []
  )
}

/** To whom something is sent, sorted */
export const sentTo = (effects: Cup2pyEffect[]): PeerKey[] =>
  sends(effects)
    .map(([to]) => to)
    .toSorted()

export const closes = (effects: Cup2pyEffect[]): [PeerKey, string][] =>
  effects.flatMap((effect) => (effect.type === 'close' ? [[effect.peer, effect.reason] as [PeerKey, string]] : []))

export const asks = (effects: Cup2pyEffect[]): Ask[] =>
  effects.flatMap((effect) => (effect.type === 'ask' ? [effect.ask] : []))

export const emits = (effects: Cup2pyEffect[]): Event[] =>
  effects.flatMap((effect) => (effect.type === 'emit' ? [effect.event] : []))
