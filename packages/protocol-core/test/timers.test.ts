import { Timers } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

function drain(timers: Timers, now: number): string[] {
  const keys: string[] = []

  for (let key = timers.takeDue(now); key !== undefined; key = timers.takeDue(now)) {
    keys.push(key)
  }

  return keys
}

describe('Timers', () => {
  it('gives what is due, earliest first, ties in arming order', () => {
    const timers = new Timers()
    timers.arm('c', 20)
    timers.arm('a', 10)
    timers.arm('b', 10)
    timers.arm('d', 30)
    expect(timers.next()).toBe(10)
    expect(drain(timers, 20)).toEqual(['a', 'b', 'c'])
    expect(timers.next()).toBe(30)
  })

  it('replaces by key, both ways, and disarms', () => {
    const timers = new Timers()
    timers.arm('a', 10)
    timers.arm('a', 30)
    timers.arm('b', 30)
    timers.arm('b', 20)
    timers.arm('c', 5)
    timers.disarm('c')
    expect(drain(timers, 100)).toEqual(['b', 'a'])
    expect(timers.next()).toBeUndefined()
  })

  it('does as a sorted list would', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
      at: fc.option(fc.integer({ min: 0, max: 6 })),
      advance: fc.integer({ min: 0, max: 5 })
    })

    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const timers = new Timers()
        let model: { key: string; at: number }[] = []
        let now = 0

        for (const { key, at, advance } of steps) {
          model = model.filter((each) => each.key !== key)

          if (at === null) {
            timers.disarm(key)
          } else {
            timers.arm(key, now + at)
            model.push({ key, at: now + at })
          }

          now += advance
          const due = model.filter((each) => each.at <= now).toSorted((a, b) => a.at - b.at)
          model = model.filter((each) => each.at > now)
          expect(drain(timers, now)).toEqual(due.map((each) => each.key))
        }
      })
    )
  })

  it('does not grow by arming one key again and again', () => {
    const timers = new Timers()

    for (let i = 0; i < 100_000; i++) {
      timers.arm('a', i)
    }

    expect((timers as unknown as { heap: unknown[] }).heap.length).toBeLessThan(32)
    expect(drain(timers, 1_000_000)).toEqual(['a'])
  })
})
