/** Whatever comes in, in whatever order: gates of the threat model for the rules themselves. */
import { seededRandom } from '@hearsay/protocol-core/pure'
import { decode, encode } from '@hearsay/protocol-cup2py/codec'
import { Cup2pyEngine, engineDefaults } from '@hearsay/protocol-cup2py/engine'
import { expect, it } from 'vitest'
import { hashOf, me, peer, recordOf, START } from './script.ts'
import type { Random } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { Cup2pyEffect, Cup2pyInput, Verdict } from '@hearsay/protocol-cup2py/engine'

const ROUNDS = Number(process.env['FUZZ_ROUNDS'] ?? 12)
const STEPS = 1_000
/** The longest of our own times, in ms: that of a search, below */
const LONGEST = 300_000
const VERDICTS: readonly Verdict[] = ['valid', 'valid', 'valid', 'invalid', 'unsupported']

/** Of few users, of all dates there can be */
function anyRecord(random: Random): ReturnType<typeof recordOf> {
  const record = recordOf(random.below(12), random.below(80_000), random.below(20))
  return { ...record, date: random.below(5) === 0 ? '9999-12-31 23:59:59.999999' : record.date }
}

function anyMessage(random: Random): Message {
  const checked = Array.from({ length: random.below(4) }, () => hashOf(random.below(12)))
  const depth = random.below(17)
  return random.below(2) === 0
    ? { type: 'update', record: anyRecord(random), depth, checked }
    : { type: 'search', target: hashOf(random.below(12)), sender: anyRecord(random), depth, checked }
}

function anyCommand(random: Random, id: number): Cup2pyInput {
  const [hash, record] = [hashOf(random.below(12)), anyRecord(random)]
  const commands = [
    { type: 'learn', record, reachedAt: random.below(2) * START },
    { type: 'publish', record: me, depth: random.below(17) },
    { type: 'search', id, target: hash, sender: me, depth: 7, quietTime: LONGEST, held: undefined },
    { type: 'end', id: random.below(id + 1) },
    { type: 'pin', hash, pinned: random.below(2) === 0 },
    { type: 'forget', hash }
  ] as const
  return { type: 'command', command: commands[random.below(commands.length)]! }
}

function anyInput(random: Random, id: number): Cup2pyInput {
  const who = peer(random.below(20))

  switch (random.below(12)) {
    case 0:
      return { type: 'connected', peer: who, direction: 'inbound', protocol: '', group: '' }
    case 1:
      return { type: 'disconnected', peer: who }
    case 2:
      return random.below(9) === 0
        ? { type: 'malformed', peer: who }
        : { type: 'found', peer: who, direction: 'inbound' }
    case 3:
      return { type: 'dialled', dial: who, ...(random.below(2) === 0 ? {} : { peer: who }) }
    case 4:
      return { type: 'timer', key: ['idle', 'dial', 'held back', `quiet ${random.below(id + 1)}`][random.below(4)]! }
    case 5:
      return anyCommand(random, id)
    default:
      return { type: 'message', peer: who, message: anyMessage(random) }
  }
}

/** What comes of what the engine asks, if anything does */
function answers(effects: readonly Cup2pyEffect[], random: Random): Cup2pyInput[] {
  return effects.flatMap((effect): Cup2pyInput[] => {
    if (effect.type !== 'ask' || random.below(9) === 0) {
      return []
    } else if (effect.ask.type === 'fetch') {
      const record = random.below(2) === 0 ? undefined : anyRecord(random)
      return [{ type: 'answer', answer: { type: 'fetched', peer: effect.ask.peer, record } }]
    } else if (effect.ask.type === 'verify') {
      const { ticket } = effect.ask
      const verdict = VERDICTS[random.below(VERDICTS.length)]!
      return [{ type: 'answer', answer: { type: 'verified', ticket, verdict, floor: undefined, wallTime: START } }]
    }

    return [{ type: 'answer', answer: { type: 'done' } }]
  })
}

it('no input makes the engine throw, say what others cannot read, or set a timer beyond its own times (T1, T18)', () => {
  const seen = { send: 0, arm: 0, dial: 0, close: 0, emit: 0, ask: 0, disarm: 0, cancel: 0 }

  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = seededRandom(seed)
    const config = { ...engineDefaults, maxUsers: 10, maxPeers: 6, banTime: 5_000 }
    const engine = new Cup2pyEngine({ self: peer('me'), user: me.hash, config, random })
    let now = 0

    for (let step = 0; step < STEPS; step++) {
      now += random.below(2_000)

      for (const inputs = [anyInput(random, step)]; inputs.length > 0;) {
        const effects = engine.handle(inputs.pop()!, now)
        inputs.push(...answers(effects, random))

        effects.forEach(({ type }) => seen[type]++)
        const timers = effects.flatMap((effect) => (effect.type === 'arm' ? [effect.at - now] : []))
        const said = effects.flatMap((effect) => (effect.type === 'send' ? [effect.message] : []))
        expect(Math.max(0, ...timers)).toBeLessThanOrEqual(LONGEST)
        expect(said.map((message) => decode(encode(message)))).toEqual(said)
      }

      expect(engine.users.size).toBeLessThanOrEqual(10)
      expect(engine.peerCount).toBeLessThanOrEqual(6)
    }
  }

  const { send, arm, dial, close, emit, ask } = seen
  expect(Math.min(send, arm, dial, close, emit, ask)).toBeGreaterThan(10 * ROUNDS)
}, 60_000)
