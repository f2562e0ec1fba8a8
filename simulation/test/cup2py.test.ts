import { describe, expect, it } from 'vitest'
import { RandomGraph, paperBehaviour } from '../src/cup2py/random-graph.ts'
import { runProcess } from '../src/cup2py/experiment.ts'
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

  it('has no repeats on a tree, and a reach of all', () => {
    const process = new RandomGraph(1, always)
    process.next()
    expect(process.next()).toMatchObject({ nodes: 4, updates: 4, messages: 12, repeats: 0 })
    expect(process.graph().reach).toEqual([3, 3, 3, 3])
  })

  it('goes one hop further than the depth, and no further', () => {
    // a chain: each newcomer is invited by everybody, so only generations of one user keep it one
    const reachWith = (depth: number): number[] => {
      const process = new RandomGraph(1, { ...always, depth })
      process.next()
      process.next()
      process.next()
      return process.graph().reach
    }
    expect(Math.max(...reachWith(0))).toBeLessThan(Math.max(...reachWith(1)))
    expect(reachWith(9)).toEqual([7, 7, 7, 7, 7, 7, 7, 7])
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

  it('grows as the paper says: its nodes and edges are within what thirty seeds give', () => {
    const last = Array.from({ length: 30 }, (_, i) => runProcess(i + 1).generations.at(-1)!)
    const perNode = last.map(({ nodes, edges }) => edges / nodes).toSorted((a, b) => a - b)
    const nodes = last.map((each) => each.nodes).toSorted((a, b) => a - b)
    expect(nodes[2]).toBeLessThan(756)
    expect(nodes[27]).toBeGreaterThan(756)
    expect(perNode[2]).toBeLessThan(2_198 / 756)
    expect(perNode[27]).toBeGreaterThan(2_198 / 756)
    expect(paperBehaviour.generations).toBe(50)
  })
})
