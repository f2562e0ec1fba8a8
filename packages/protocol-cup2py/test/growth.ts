/** A program of its own, so that its memory is nobody else's: many identities come, ask, tell, misbehave, and go. */
import { Cup2pyScript, peer, recordOf } from './script.ts'
import type { Cup2pyEffect } from '@hearsay/protocol-cup2py/engine'

const COUNT = Number(process.argv[2])
/** A tenth of all; the first four fill what is bounded */
const PART = COUNT / 10
const script = new Cup2pyScript({ maxUsers: 1_000, dialRate: 1_000, fanout: 2 }).friends('friend')
const target = recordOf('nobody').hash

/** What waits for the check of a signature. BOUNDED by LATE */
const late: Cup2pyEffect[][] = []
const LATE = 64

/** What a service would do about it: close streams, fail to reach the addresses of strangers */
function perform(effects: Cup2pyEffect[]): void {
  for (const effect of effects) {
    if (effect.type === 'close') {
      script.input({ type: 'disconnected', peer: effect.peer })
    } else if (effect.type === 'dial') {
      perform(script.input({ type: 'dialled', dial: effect.dial }))
    }
  }
}

/** One identity comes, does one of several things, and goes, some later than others */
function visit(i: number): void {
  perform(script.connected(i))
  script.input({ type: 'found', peer: peer(i), direction: 'inbound' })

  switch (i % 8) {
    case 0:
      perform(script.input({ type: 'malformed', peer: peer(i) }))
      break
    case 1:
      perform(script.verdicts(script.message(i, update(i)), 'invalid'))
      break
    case 2:
      // its signature is checked when it is long gone
      late.push(script.message(i, update(i)))
      break
    case 3:
    case 4:
      perform(script.search(i, i % 8 === 3 ? target : recordOf(i - 1).hash, recordOf(i)))
      break
    default:
      perform(script.verdicts(script.message(i, update(i)), 'valid'))
  }

  if (late.length > LATE) {
    perform(script.verdicts(late.shift()!))
  }

  // the others are closed one day: too many, or silent
  if (i % 8 !== 5) {
    script.input({ type: 'disconnected', peer: peer(i) })
  }
}

const update = (i: number) => ({ type: 'update', record: recordOf(i), depth: 3, checked: [] }) as const

const before = { heap: 0, rss: 0, time: 0 }
const times: number[] = []

for (let i = 0; i < COUNT; i++) {
  if (i % PART === 0) {
    const { user, system } = process.cpuUsage()
    times.push(user + system - before.time)
    before.time = user + system
  }

  if (i === 4 * PART) {
    globalThis.gc?.()
    Object.assign(before, { heap: process.memoryUsage().heapUsed, rss: process.memoryUsage().rss })
  }

  visit(i)

  if (i % 100 === 0) {
    perform(script.advance(100))
  }
}

globalThis.gc?.()
const { heapUsed, rss } = process.memoryUsage()
// of the processor, so that others do not count
console.log(
  JSON.stringify({
    heap: (heapUsed - before.heap) / 2 ** 20,
    rss: (rss - before.rss) / 2 ** 20,
    early: times[4],
    late: times.at(-1),
    stats: script.subject.stats
  })
)
