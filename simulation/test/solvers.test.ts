import { describe, expect, it } from 'vitest'
import { Agenda } from '../src/network/agenda.ts'
import { Solvers } from '../src/swarm/solvers.ts'

/** Jobs of one second each, and when they are done */
function work(processors: number, wanted: readonly boolean[]): number[] {
  const agenda = new Agenda()
  let now = 0
  const solvers = new Solvers(processors, (after, happen) => agenda.add(now + after, happen))
  const done: number[] = []
  wanted.forEach((isWanted, i) =>
    solvers.add({ isWanted: () => isWanted, duration: 1_000, done: () => void (done[i] = now) })
  )

  while (agenda.next !== undefined) {
    now = agenda.next
    agenda.take()()
  }

  return done
}

describe('solvers', () => {
  it('search for one proof a processor at a time', () => {
    expect(work(1, [true, true, true])).toEqual([1_000, 2_000, 3_000])
    expect(work(2, [true, true, true])).toEqual([1_000, 1_000, 2_000])
  })

  it('do not begin what nobody waits for', () => {
    expect(work(1, [true, false, true])[2]).toBe(2_000)
  })
})

describe('an agenda', () => {
  it('hands out what is earliest, and of equal times what was entered first', () => {
    const agenda = new Agenda()
    const times = Array.from({ length: 500 }, (_, i) => (i * 7_919) % 101)
    const happened: number[] = []
    times.forEach((at, i) => agenda.add(at, () => happened.push(i)))

    while (agenda.next !== undefined) {
      agenda.take()()
    }

    const expected = times.map((at, i) => [at, i] as const).toSorted(([a, i], [b, j]) => a - b || i - j)
    expect(happened).toEqual(expected.map(([, i]) => i))
  })
})
