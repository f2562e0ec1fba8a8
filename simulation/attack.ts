/** `pnpm attack`: hostile bytes against every codec, and hostile peers against the engines. */
import { checkNames, ExitCode, integerOption, readArguments, runCommand } from '../scripts/command-line.ts'
import { runFlood, runSybils } from './src/gossip-hostile.ts'
import { runGossip } from './src/gossip.ts'
import { attackCodec, targets } from './src/hostile-codecs.ts'

const HELP = `Usage: pnpm attack [options]

Options:
  --frames <n>  damaged frames for each codec (default 1000000)
  --seed <n>    what to repeat (default: the time)
  --help        this text
`

/** T6: two hundred announces of unlimited ttl, and room to remember fifty: each is passed on once by each node */
function attackByStorm(seed: number): string | undefined {
  const nodes = 200
  const degree = 4
  const result = runGossip({
    name: 'storm',
    seed,
    nodes,
    knownPeers: 3,
    latency: [10, 120],
    warmUpCooldowns: 3,
    announces: 200,
    settle: 60_000,
    config: { degree, cacheSize: 50 },
    expect: { coverage: 0, redundancy: Infinity, connected: 0, p99Latency: Infinity }
  })
  const received = result.redundancy * result.coverage * 200 * (nodes - 1)
  return received <= nodes * degree * 200 ? undefined : `${received} messages, at most ${nodes * degree * 200} expected`
}

/** T5: one node announces ten times what all others do together */
function attackByFlood(seed: number): string | undefined {
  const config = { degree: 6, announceRate: 5, announceBurst: 10 }
  const { delivery } = runFlood({ seed, honest: 100, offered: 10, flood: 100, seconds: 20, config })
  return delivery >= 0.99 ? undefined : `${delivery} of the honest announces arrived, at least 0.99 expected`
}

/** T13: four hundred identities that swallow what they hear, among a hundred honest nodes */
function attackBySybils(seed: number): string | undefined {
  const config = { degree: 10, minConnections: 10 }
  const { delivery } = runSybils({ seed, honest: 100, sybils: 400, threads: 16, knownPeers: 4, config })
  return delivery >= 0.99 ? undefined : `${delivery} of the announces arrived, at least 0.99 expected`
}

/** @returns how many attacks did harm */
function runAll(frames: number, seed: number): { passed: number; failed: number } {
  const attacks: [string, () => string | undefined][] = [
    ...targets.map((target): [string, () => string | undefined] => [
      `T1 ${target.name}, ${frames} damaged frames`,
      () => attackCodec(target, frames, seed)
    ]),
    ['T5 flood of ten times the honest load', () => attackByFlood(seed)],
    ['T6 storm of 200 announces, 50 remembered', () => attackByStorm(seed)],
    ['T13 400 identities among 100 nodes', () => attackBySybils(seed)]
  ]
  let failed = 0

  for (const [name, attack] of attacks) {
    const start = performance.now()
    const problem = attack()
    failed += problem === undefined ? 0 : 1
    const took = `${((performance.now() - start) / 1_000).toFixed(1)} s`
    console.log(
      problem === undefined ? `pass ${name}, ${took}` : `FAIL ${name}: ${problem}; replay with --seed ${seed}`
    )
  }

  return { passed: attacks.length - failed, failed }
}

await runCommand('attack', () => {
  const { values, positionals } = readArguments({
    options: {
      frames: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now()) },
      help: { type: 'boolean', short: 'h' }
    },
    allowPositionals: true
  })

  if (values.help === true) {
    console.log(HELP)
    return ExitCode.OK
  }

  checkNames('attack', positionals, [])
  const { passed, failed } = runAll(
    integerOption('--frames', values.frames, 1, 1_000_000_000),
    integerOption('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER)
  )
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? ExitCode.OK : ExitCode.FAILED
})
