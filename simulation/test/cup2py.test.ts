import { describe, expect, it } from 'vitest'
import { RandomGraph, paperBehaviour } from '../src/cup2py/random-graph.ts'
import { runProcess } from '../src/cup2py/experiment.ts'
import { mean, median } from '../src/swarm/measures.ts'
import type { Behaviour } from '../src/cup2py/random-graph.ts'

const always: Behaviour = {
  users: 1,
  generations: 3,
  randomConnection: 0,
  invite: 1,
  update: 1,
  successfulConnection: 1,
  depth: 3,
  isolatedNewcomer: 0
}

describe('the random graph process', () => {
  it('doubles where everybody invites somebody', () => {
    const process = new RandomGraph(1, always)
    expect([process.next(), process.next(), process.next()].map(({ nodes, edges }) => [nodes, edges])).toEqual([
      [2, 2],
      [4, 6],
      [8, 14]
    ])
  })

  it('counts as a repeat what comes back, but sends nothing to the author', () => {
    // a path of four: the ends send 5 each, of which 2 come back; the others 4, of which 1 does
    const process = new RandomGraph(1, always)
    process.next()
    expect(process.next()).toMatchObject({ nodes: 4, updates: 4, messages: 18, repeats: 6 })
  })

  it('goes one hop further than the depth, and no further', () => {
    const process = new RandomGraph(1, { ...always, depth: 0 })
    process.next()
    expect(process.next()).toMatchObject({ messages: 6, repeats: 0 })
  })

  it('has a reach of all that one is connected to, and of nobody where one is alone', () => {
    const process = new RandomGraph(1, { ...always, users: 2 })
    process.next()
    process.next()
    expect(process.graph().reach).toEqual([3, 3, 3, 3, 3, 3, 3, 3])
    expect(new RandomGraph(1, { ...always, users: 3 }).graph().reach).toEqual([0, 0, 0])
  })

  it('loses requests where connections fail, and all where none succeeds', () => {
    const total = (successfulConnection: number): number => {
      const process = new RandomGraph(1, { ...always, invite: 0, users: 40, randomConnection: 1, successfulConnection })
      return Array.from({ length: 3 }, () => process.next()).reduce((sum, { repeats }) => sum + repeats, 0)
    }
    expect(total(0)).toBe(0)
    expect(total(0.7)).toBeGreaterThan(0)
    expect(total(1)).toBeGreaterThan(total(0.7))
  })

  it('is the same for the same seed', () => {
    expect(runProcess(7)).toEqual(runProcess(7))
    expect(runProcess(7)).not.toEqual(runProcess(8))
  })

  it('has the proportions of the published figures', { timeout: 60_000 }, () => {
    const runs = Array.from({ length: 60 }, (_, i) => runProcess(i + 1)).map(({ generations, shown }) => {
      const { nodes, edges, repeats } = generations.at(-1)!
      const reach = shown.at(-1)!.graph.reach.filter((each) => each > 0)
      return { nodes, edges: edges / nodes, repeats: repeats / nodes, reach: mean(reach) / nodes }
    })
    const similar = runs.filter(({ nodes }) => nodes > 600 && nodes < 950)
    const middle = (of: (run: (typeof runs)[number]) => number): number => median(similar.map(of))
    expect(similar.length).toBeGreaterThan(10)
    expect(Math.abs(median(runs.map(({ nodes }) => nodes)) / 755.5 - 1)).toBeLessThan(0.25)
    expect(Math.abs(middle(({ edges }) => edges) / (2_146 / 755.5) - 1)).toBeLessThan(0.03)
    expect(Math.abs(middle(({ repeats }) => repeats) / (8_314.5 / 755.5) - 1)).toBeLessThan(0.1)
    expect(Math.abs(middle(({ reach }) => reach) / (721.6 / 755.5) - 1)).toBeLessThan(0.02)
    expect(paperBehaviour.generations).toBe(50)
  })
})
