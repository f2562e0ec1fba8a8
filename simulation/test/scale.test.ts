import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { protocols } from '../src/scale/population.ts'
import type { ScaleResult } from '../src/scale/process.ts'

const SLOW = 120_000

async function run<T>(file: string, ...parameters: string[]): Promise<T> {
  const script = join(import.meta.dirname, '../src/scale', file)
  const flags = ['--expose-gc', '--conditions=@hearsay/source']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...parameters])
  return JSON.parse(stdout) as T
}

describe.each(protocols)('at scale, %s', { timeout: SLOW }, (protocol) => {
  it('takes at most 2 kB of an engine for an idle peer', async () => {
    const bytes = await run<number>('idle-process.ts', protocol)
    expect(bytes).toBeLessThanOrEqual(2_048)
    expect(bytes).toBeGreaterThan(100)
  })

  it('does its work with two hundred nodes, in a process of its own, the same for the same seed', async () => {
    const results = await Promise.all(
      [1, 1, 2].map(async (seed) => run<ScaleResult>('process.ts', protocol, '200', `${seed}`))
    )
    const [one, same, other] = results as [ScaleResult, ScaleResult, ScaleResult]
    expect(one).toMatchObject({ protocol, nodes: 200, delivery: 1 })
    expect([same.messages, same.p99Latency]).toEqual([one.messages, one.p99Latency])
    expect(other.p99Latency).not.toBe(one.p99Latency)
  })
})
