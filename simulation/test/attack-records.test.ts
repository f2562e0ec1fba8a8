import { describe, expect, it } from 'vitest'
import { judgeRecords } from '../src/attack/records-experiment.ts'
import { playRecords, recordsScenarios } from '../src/attack/records-scenarios.ts'
import { recordsThresholds } from '../src/attack/records-thresholds.ts'
import { writtenUser } from '../src/baselines/written-cup2py.ts'
import { ourUser } from '../src/cup2py/swarm.ts'
import { Report } from '../src/experiment.ts'
import type { RecordsOutcome } from '../src/attack/records-lab.ts'
import type { CreateUser } from '../src/cup2py/swarm.ts'

const SLOW = 240_000
/** Fewer than in the command, so that this takes seconds */
const HONEST = 30

const play = (name: string, create: CreateUser, seed = 1): RecordsOutcome =>
  playRecords(
    recordsScenarios.find((each) => each.name === name)!,
    create,
    seed
  )

describe('the attack lab of users and their records', { timeout: SLOW }, () => {
  it('holds our engine against the thresholds', () => {
    const report = new Report('', () => {})
    judgeRecords(report, 1, HONEST)
    const threats = report.checks.map(({ what }) => what.split(' ')[0])
    expect(threats).toEqual(['T5', 'T6', 'T7', 'T8', 'T9', 'T11', 'T13', 'T14', 'no'])
    expect(report.checks.filter(({ passed }) => !passed)).toEqual([])
  })

  it('sees CUP2PY as written take old for new, and send to whom nobody asked for', () => {
    expect(play('rollback', writtenUser).rolledBack).toBeGreaterThan(100)
    expect(play('reflection', writtenUser).reflected).toBeGreaterThan(10_000)
  })

  it('repeats itself, by seed', () => {
    expect(play('baseline', ourUser, 2)).toEqual(play('baseline', ourUser, 2))
    expect(play('baseline', ourUser, 2)).not.toEqual(play('baseline', ourUser, 3))
  })

  it('fails a threshold that does not hold', () => {
    const good = { delivery: 1, p99Latency: 1, forwards: 0, restless: 0, reflected: 0, rolledBack: 0, worstHostile: 0 }
    const bad = { ...good, delivery: 0.9, forwards: 1e9, reflected: 1, rolledBack: 1, worstHostile: 101 }
    const held = (outcome: object): boolean[] =>
      recordsThresholds.map(({ judge }) => judge(outcome as RecordsOutcome, good as RecordsOutcome).held)
    expect(held(good)).toEqual(recordsThresholds.map(() => true))
    expect(held(bad)).toEqual(recordsThresholds.map(() => false))
  })
})
