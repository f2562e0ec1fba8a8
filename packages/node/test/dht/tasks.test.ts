import { describe, expect, it } from 'vitest'
import { KeyQueue } from '../../src/dht/key-queue.ts'
import { SharedTasks } from '../../src/dht/shared-tasks.ts'
import { Slots } from '../../src/dht/slots.ts'

const turn = async (): Promise<void> => new Promise(setImmediate)

describe('slots', () => {
  it('let so many run at once, the others in the order they came', async () => {
    const slots = new Slots(2)
    const started: number[] = []
    const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
    const all = ends.map(async ({ promise }, i) =>
      slots.run(async () => {
        started.push(i)
        await promise
      })
    )
    await turn()
    expect(started).toEqual([0, 1])
    ends[1]!.resolve()
    await turn()
    expect(started).toEqual([0, 1, 2])
    ends.forEach(({ resolve }) => resolve())
    await Promise.all(all)
    expect(started).toEqual([0, 1, 2, 3])
  })

  it('are given back by a task that fails', async () => {
    const slots = new Slots(1)
    await expect(slots.run(async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await slots.run(async () => 'yes')).toBe('yes')
  })
})

describe('tasks of one key', () => {
  it('run one after another, also when one fails, and not with those of another key', async () => {
    const queue = new KeyQueue()
    const done: string[] = []
    const slow = Promise.withResolvers<void>()
    const first = queue.run('a', async () => {
      await slow.promise
      done.push('a1')
      throw new Error('failed')
    })
    const second = queue.run('a', async () => done.push('a2'))
    await queue.run('b', async () => done.push('b'))
    expect(done).toEqual(['b'])
    slow.resolve()
    await expect(first).rejects.toThrow('failed')
    await second
    expect(done).toEqual(['b', 'a1', 'a2'])
  })

  it('are waited for, and nothing else is', async () => {
    const queue = new KeyQueue()
    const slow = Promise.withResolvers<void>()
    let isIdle = false
    const task = queue.run('a', async () => slow.promise)
    const idle = queue.idle('a').then(() => (isIdle = true))
    await queue.idle('b')
    await turn()
    expect(isIdle).toBe(false)
    slow.resolve()
    await Promise.all([task, idle])
    expect(isIdle).toBe(true)
  })
})

describe('a shared task', () => {
  it('runs once for all who ask while it runs, and again for those after', async () => {
    const tasks = new SharedTasks<number>()
    const slow = Promise.withResolvers<void>()
    let runs = 0
    const task = async (): Promise<number> => {
      const run = ++runs
      await slow.promise
      return run
    }
    const both = [tasks.join('a', task), tasks.join('a', task)]
    const other = tasks.join('b', task)
    slow.resolve()
    expect(await Promise.all([...both, other])).toEqual([1, 1, 2])
    expect(await tasks.join('a', task)).toBe(3)
  })

  it('is not joined by who asks after what it may have missed', async () => {
    const tasks = new SharedTasks<string>()
    const slow = Promise.withResolvers<string>()
    const before = tasks.join('a', async () => slow.promise)
    tasks.leave('a')
    expect(await tasks.join('a', async () => 'new')).toBe('new')
    slow.resolve('old')
    expect(await before).toBe('old')
  })
})
