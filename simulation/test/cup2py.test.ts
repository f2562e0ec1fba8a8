import { describe, expect, it } from 'vitest'
import { paperBehaviour } from '../src/cup2py/behaviour.ts'
import { runEngines, runProcess } from '../src/cup2py/experiment.ts'
import { MersenneTwister } from '../src/cup2py/mersenne-twister.ts'
import { RandomGraph } from '../src/cup2py/random-graph.ts'
import { EngineUsers } from '../src/cup2py/users.ts'
import type { Behaviour } from '../src/cup2py/behaviour.ts'

const always: Behaviour = {
  users: 1,
  generations: 3,
  invite: 1,
  update: 0,
  randomConnection: 0,
  isolatedNewcomer: 0,
  successfulConnection: 1,
  depth: 0
}

describe('the Mersenne twister', () => {
  it('draws what the language of the published script draws', () => {
    const draws = new MersenneTwister(42)
    expect([draws.fraction(), draws.fraction()]).toEqual([0.639_426_798_457_883_7, 0.025_010_755_222_666_936])
  })

  it('draws below a bound without favour', () => {
    const draws = new MersenneTwister(1)
    const counts = [0, 0, 0, 0, 0]
    Array.from({ length: 10_000 }, () => counts[draws.below(5)]!++)
    counts.forEach((count) => expect(Math.abs(count - 2_000)).toBeLessThan(200))
  })
})

describe('the random graph process', () => {
  it('doubles where everybody invites somebody, and both know each other', () => {
    const graph = new RandomGraph(1, always)
    expect([graph.next(), graph.next(), graph.next()].map(({ nodes, edges }) => [nodes, edges])).toEqual([
      [2, 2],
      [4, 6],
      [8, 14]
    ])
  })

  it('counts as a repeat what comes to somebody who knows its author, over all generations', () => {
    const graph = new RandomGraph(1, { ...always, invite: 0, users: 2, update: 1 })
    graph.connect(0, 1)
    graph.connect(1, 0)
    expect([graph.next().repeats, graph.next().repeats]).toEqual([2, 4])
  })

  it('begins an update once more for each who did not know its author, as often as its depth allows', () => {
    const repeats = (depth: number): number => {
      const graph = new RandomGraph(1, { ...always, invite: 0, users: 4, depth })
      ;[1, 2, 3].forEach((other) => graph.connect(0, other))
      graph.update(0)
      return graph.next().repeats
    }
    // without depth each of three hears it once; with it also those who heard of the author a moment ago
    expect(repeats(0)).toBe(0)
    expect(repeats(1)).toBeGreaterThan(0)
    expect(repeats(3)).toBeGreaterThan(repeats(1))
  })

  it('has a reach of all to whom there is a way, oneself among them', () => {
    const graph = new RandomGraph(1, { ...always, invite: 0, users: 4 })
    graph.connect(0, 1)
    graph.connect(1, 2)
    expect(graph.graph().reach).toEqual([3, 2, 1, 1])
  })

  it('loses requests where connections fail, and all where none succeeds', () => {
    const arrived = (successfulConnection: number): number => {
      const graph = new RandomGraph(1, {
        ...always,
        invite: 0,
        users: 40,
        update: 1,
        randomConnection: 1,
        successfulConnection
      })
      return Array.from({ length: 3 }, () => graph.next().arrived).at(-1)!
    }
    expect(arrived(0)).toBe(0)
    expect(arrived(0.7)).toBeGreaterThan(0)
    expect(arrived(1)).toBeGreaterThan(arrived(0.7))
  })

  it('is the same for the same seed', () => {
    expect(runProcess(7)).toEqual(runProcess(7))
    expect(runProcess(7)).not.toEqual(runProcess(8))
  })
})

describe('the same users with our engines', { timeout: 60_000 }, () => {
  it('do what those of the process do, and repeat themselves by seed', () => {
    const [engines, published] = [runEngines(3), runProcess(3)]
    expect(engines.generations.map(({ nodes }) => nodes)).toEqual(published.generations.map(({ nodes }) => nodes))
    expect(engines).toEqual(runEngines(3))
    expect(engines.generations).toHaveLength(paperBehaviour.generations)
  })

  it('get to know more where an update goes on from hop to hop', () => {
    const edges = (depth: number): number => {
      const process = new RandomGraph(5)
      const users = new EngineUsers(5, depth)
      Array.from({ length: 15 }, () => process.next(users))
      return users.state().edges
    }
    expect(edges(1)).toBeGreaterThan(edges(0))
  })
})
