import { identityOf, recordOf } from '../cup2py/records.ts'
import { MINUTE, RecordsLab, SECOND } from './records-lab.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { CreateUser } from '../cup2py/swarm.ts'
import type { RecordsLabConfig, RecordsOutcome } from './records-lab.ts'

export interface RecordsScenario {
  name: string
  what: string
  /** How its network differs */
  network?: Omit<RecordsLabConfig, 'seed' | 'create'>
  play: (lab: RecordsLab) => RecordsOutcome
}

/** Users of the SEARCH bomb, and the entries of their books: one-way edges */
export const BOMB = { users: 1_000, entries: 8, depth: 7 } as const
export const OLD_RECORDS = 1_000
/** Users that a book in danger has room for */
export const PLACES = 200
export const HONEST = 100
const SYBILS = 100
const ANNOUNCES = 20
/** Within a minute by one user: more is held back */
const OF_ONE = 10
export const STORM = 15
const NOBODY = identityOf('nobody').hash

/** Those of the scenarios that concern address books, and ours. Others are about who gets into a view: see gossip. */
export const recordsScenarios: readonly RecordsScenario[] = [
  {
    name: 'baseline',
    what: 'nobody attacks',
    play: (lab) => measured(lab)
  },
  {
    name: 'eclipse one',
    what: 'one attacker with 1,000 users fills the book of one node, which has room for 200',
    network: { config: { maxUsers: PLACES } },
    play: (lab) => {
      const [victim] = lab.honest as [PeerKey]
      fill(lab, 1_000, [victim], 0)
      lab.startCounting()
      lab.announceEvenly(OF_ONE, [victim])
      return lab.outcome()
    }
  },
  {
    name: 'Sybil join',
    what: '100 users of attackers come into all books and pass nothing on',
    play: (lab) => {
      lab.attackers(SYBILS, lab.honest.slice(0, 5)).forEach((name) => lab.sendRecord(name, recordOf(name, 0), 3))
      lab.pass(MINUTE)
      return measured(lab)
    }
  },
  {
    name: 'censor one',
    what: '20 attackers in all books send on what all say but one',
    play: (lab) => {
      const [victim] = lab.honest as [PeerKey]
      const { hash } = identityOf(victim)
      relays(lab, (message) => message.type === 'update' && message.record.hash !== hash)
      lab.startCounting()
      lab.announceEvenly(OF_ONE, [victim])
      return lab.outcome()
    }
  },
  {
    name: 'degrade',
    what: '20 attackers in all books send on half of what they get',
    play: (lab) => {
      relays(lab, () => lab.network.random.below(2) === 0)
      return measured(lab)
    }
  },
  {
    name: 'SEARCH bomb',
    what: 'one question for nobody, to 1,000 users with books of eight',
    network: { honest: BOMB.users, links: { latency: [50, 50] } },
    play: (lab) => {
      lab.search(lab.honest[0]!, NOBODY, BOMB.depth, MINUTE)
      return afterwards(lab, MINUTE, 2)
    }
  },
  {
    name: 'reflection',
    what: 'twenty questions that say to come from somebody who never asked',
    play: (lab) => {
      const [attacker] = lab.attackers(1, lab.honest) as [PeerKey]
      const { hash: target } = identityOf(lab.honest[0]!)

      for (let i = 0; i < 20; i++) {
        const sender = recordOf(attacker, lab.network.now + i, lab.bystander)
        const search = { type: 'search', id: i, target, sender, depth: 3, quietTime: SECOND, held: undefined } as const
        lab.network.schedule(i * SECOND, () => lab.network.command(attacker, search))
      }

      return afterwards(lab, MINUTE)
    }
  },
  {
    name: 'ttl-0 storm',
    what: 'fifteen say where they are at once, with as much depth as there is',
    play: (lab) => {
      lab.startCounting()
      lab.honest.slice(0, STORM).forEach((name) => lab.announce(name, 16))
      lab.pass(MINUTE)
      return lab.outcome()
    }
  },
  {
    name: 'rollback',
    what: '1,000 old records are sent again; half of the books have lost the new ones',
    play: (lab) => rollBack(lab)
  },
  {
    name: 'seen-poisoning',
    what: '20 attackers send each record ahead, with no depth and a full list, and a forged one before it',
    play: (lab) => {
      const everybody = lab.honest.map((name) => identityOf(name).hash)
      const done = new Set<string>()
      const seen = (key: string): boolean => done.size === done.add(key).size
      const ahead = (message: Message): Message[] => {
        if (message.type !== 'update' || seen(`${message.record.hash} ${message.record.date}`)) {
          return []
        }

        const forged = { ...message.record, address: '/sim/p2p/bystander' }
        return [
          { type: 'update', record: message.record, depth: 0, checked: everybody },
          { type: 'update', record: forged, depth: 16, checked: [] }
        ]
      }
      known(lab, lab.attackers(20, lab.honest, ahead))
      return measured(lab)
    }
  },
  {
    name: 'flood',
    what: 'ten attackers publish ten times as much as all others',
    play: (lab) => {
      lab.attackers(10, lab.honest).forEach((attacker) => {
        for (let i = 0; i < ANNOUNCES; i++) {
          lab.network.schedule((i * MINUTE) / ANNOUNCES, () =>
            lab.sendRecord(attacker, recordOf(attacker, lab.network.now), 3)
          )
        }
      })
      return measured(lab)
    }
  }
]

/** @param honest - users, where the scenario does not say. @default 100 */
export function playRecords(
  scenario: RecordsScenario,
  create: CreateUser,
  seed: number,
  honest = HONEST
): RecordsOutcome {
  return scenario.play(new RecordsLab({ seed, create, honest, ...scenario.network }))
}

function measured(lab: RecordsLab, count = ANNOUNCES): RecordsOutcome {
  lab.startCounting()
  lab.announceEvenly(count)
  return lab.outcome()
}

/** What an attack costs, and then whether the network still works */
function afterwards(lab: RecordsLab, ms: number, count?: number): RecordsOutcome {
  lab.startCounting()
  lab.pass(ms)
  const { forwards, reflected } = lab.outcome()
  return { ...measured(lab, count), forwards, reflected }
}

/** One node's users, at once, in these books */
function fill(lab: RecordsLab, users: number, targets: readonly PeerKey[], depth: number): void {
  const [attacker] = lab.attackers(1, targets) as [PeerKey]

  for (let i = 0; i < users; i++) {
    const name = `${attacker}-${i}` as PeerKey
    lab.network.schedule(i * 20, () => lab.sendRecord(attacker, recordOf(name, lab.network.now, attacker), depth))
  }

  lab.pass(users * 20 + MINUTE)
}

/** Attackers that everybody knows, and that pass on what `passes` says */
function relays(lab: RecordsLab, passes: (message: Message) => boolean): void {
  const seen = new Set<string>()
  const attackers = lab.attackers(20, lab.honest.slice(0, 20), (message) => {
    const isNew = message.type === 'update' && seen.size < seen.add(message.record.hash + message.record.date).size
    return isNew && message.depth > 0 && passes(message) ? [{ ...message, depth: message.depth - 1 }] : []
  })
  known(lab, attackers)
}

function known(lab: RecordsLab, attackers: readonly PeerKey[]): void {
  lab.honest.forEach((name) => attackers.forEach((attacker) => lab.learn(name, attacker)))
  lab.pass(SECOND)
}

/** Ten old records of each of a hundred users, sent to everybody after a newer one; once to books that lost that */
function rollBack(lab: RecordsLab): RecordsOutcome {
  const { now } = lab.network
  const [attacker] = lab.attackers(1, lab.honest) as [PeerKey]
  lab.pass(MINUTE)
  lab.announceEvenly(lab.honest.length)
  const outcome = lab.outcome()
  lab.honest.slice(0, lab.honest.length / 2).forEach((name) => {
    ;[...lab.book(name).keys()].forEach((hash) => lab.forget(name, hash))
  })

  for (let i = 0; i < OLD_RECORDS; i++) {
    const user = lab.honest[i % lab.honest.length]!
    const record = recordOf(user, now + 1 + Math.floor(i / lab.honest.length))
    lab.network.schedule(i * 50, () => lab.sendRecord(attacker, record, 0))
  }

  lab.pass(OLD_RECORDS * 50 + MINUTE)
  return { ...outcome, rolledBack: lab.outcome().rolledBack }
}
