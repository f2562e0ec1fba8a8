import { describe, expect, it } from 'vitest'
import { contestants, hardened } from '../src/attack/contestants.ts'
import { silent } from '../src/attack/disguises.ts'
import { judgeOurs } from '../src/attack/experiment.ts'
import { Lab } from '../src/attack/lab.ts'
import { scenarios } from '../src/attack/scenarios.ts'
import { thresholds } from '../src/attack/thresholds.ts'
import { Report } from '../src/experiment.ts'
import { attackCodec, targets } from '../src/hostile-codecs.ts'
import { OurGossip } from '../src/swarm/gossip.ts'
import type { Outcome } from '../src/attack/lab.ts'

const SLOW = 120_000
const scenario = (name: string): (typeof scenarios)[number] => scenarios.find((each) => each.name === name)!

describe('the attack lab', () => {
  it.each(targets)('T1: lets only DecodeError out of $name', { timeout: SLOW }, (target) => {
    expect(attackCodec(target, 20_000, 1)).toBeUndefined()
  })

  it('holds our engine against the thresholds', { timeout: SLOW }, () => {
    const report = new Report('', () => {})
    judgeOurs(report, 1)
    const threats = report.checks.map(({ what }) => what.split(' ')[0])
    expect(threats).toEqual(['T5', 'T6', 'T10', 'T11', 'T13', 'T14', 'T5', 'T6', 'T10', 'T11', 'no'])
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
  })

  it('repeats itself, by seed', { timeout: SLOW }, () => {
    const hash = (seed: number): string => hardened.play(scenario('seen-poisoning'), seed).traceHash
    expect(hash(2)).toBe(hash(2))
    expect(hash(2)).not.toBe(hash(3))
  })

  it('sees the baselines fall where ours stands', { timeout: SLOW }, () => {
    const of = (name: string, attack: string): Outcome =>
      contestants.find((each) => each.name === name)!.play(scenario(attack), 1)
    // bare ids let a forged copy silence the true one; fifty of them make a storm that does not end
    expect(of('gossip as written', 'seen-poisoning').delivery).toBeLessThan(0.9)
    expect(of('flooding', 'seen-poisoning').delivery).toBeLessThan(0.95)
    expect(of('gossip as written', 'ttl-0 storm').forwards).toBeGreaterThan(100 * 4 * 200)
    expect(of("gossipsub's rules", 'baseline').delivery).toBe(1)
  })

  it('punishes colocated Sybils in the model of gossipsub, and nobody honest', { timeout: SLOW }, () => {
    const { penalties, wronglyPunished, hostileShare } = contestants
      .find(({ name }) => name.startsWith('gossipsub'))!
      .play(scenario('colocation'), 1)
    expect([wronglyPunished, hostileShare]).toEqual([0, 0])
    expect(penalties).toBeGreaterThan(0)
  })

  it('fails a threshold that does not hold', () => {
    const good = { delivery: 1, p99Latency: 100, forwards: 0, restless: 0, replayed: 0, worstHostile: 0 } as Outcome
    const bad: Outcome = { ...good, delivery: 0.9, forwards: 1e9, replayed: 1, worstHostile: 16 }
    // of SHOUT the number of messages is known: 1,501 for each of 200
    const best = (contestant?: string): Outcome => (contestant === undefined ? good : { ...good, forwards: 300_200 })
    expect(thresholds.map(({ judge, contestant }) => judge(best(contestant), good).held)).toEqual(
      thresholds.map(() => true)
    )
    expect(thresholds.map(({ judge }) => judge(bad, good).held)).toEqual(thresholds.map(() => false))
  })

  it('does harm with attackers that have more to compute with than all others', { timeout: SLOW }, () => {
    const lab = new Lab(new OurGossip(), { seed: 1, honest: 60, processors: 240 })
    lab.settle()
    lab.sybils(240, { disguise: silent(lab.spreading) })
    lab.pass(2)
    const { delivery, hostileShare } = lab.measure()
    expect(hostileShare).toBeGreaterThan(0.6)
    expect(delivery).toBeLessThan(0.9)
  })
})
