/** Swarms that take turns: in each round each is made anew, warmed up, measured and stopped, so none runs beside another. */
import { closedLoop } from './loops.ts'
import { summarise, takeTurns } from './rounds.ts'
import type { LoopResult } from './loops.ts'
import type { Context } from './part.ts'
import type { Edges } from './graph.ts'
import type { Measured } from './rounds.ts'
import type { Contestant, Swarm } from './swarm.ts'

/** In ms */
const WARM_UP = 300

export interface Discipline {
  /** `100 B`, `open loop` */
  name: string
  run(swarm: Swarm): Promise<LoopResult>
}

/** A closed loop with messages of this size */
export function closed(size: number): Discipline {
  return { name: sizeName(size), run: async (swarm) => closedLoop(swarm, size) }
}

export function sizeName(bytes: number): string {
  return bytes < 1_024 ? `${bytes} B` : `${bytes / 1_024} KiB`
}

export interface ContestInit {
  contestants: readonly Contestant[]
  nodes: number
  edges: Edges
  disciplines: readonly Discipline[]
}

/** What every contestant did in every discipline: medians of the rounds. */
export class Results {
  /** By contestant and discipline, in rounds */
  private readonly all = new Map<string, LoopResult[]>()

  add(contestant: string, discipline: string, result: LoopResult): void {
    const key = `${discipline}, ${contestant}`
    this.all.set(key, [...(this.all.get(key) ?? []), result])
  }

  of({ name }: Contestant, discipline: string, metric: keyof LoopResult): number {
    return this.measured({ name }, discipline, metric).median
  }

  /** What it did by what another did */
  ratio(contestant: Contestant, other: Contestant, discipline: string, metric: keyof LoopResult = 'rate'): number {
    return this.of(contestant, discipline, metric) / this.of(other, discipline, metric)
  }

  /** The worst round */
  lowest({ name }: Contestant, discipline: string, metric: keyof LoopResult): number {
    return this.measured({ name }, discipline, metric).lowest
  }

  measured({ name }: Pick<Contestant, 'name'>, discipline: string, metric: keyof LoopResult): Measured {
    const key = `${discipline}, ${name}`
    return { name: key, ...summarise((this.all.get(key) ?? []).map((result) => result[metric])) }
  }
}

export async function contest(init: ContestInit, rounds: number, budget?: number): Promise<Results> {
  const { contestants, nodes, edges, disciplines } = init
  const results = new Results()
  const trials = contestants.map((contestant) => ({
    name: contestant.name,
    run: async () => {
      const swarm = await contestant.start(nodes, edges)

      try {
        await closedLoop(swarm, 100, WARM_UP)

        for (const discipline of disciplines) {
          results.add(contestant.name, discipline.name, await discipline.run(swarm))
        }
      } finally {
        await swarm.stop()
      }
    }
  }))
  await takeTurns(trials, rounds, budget)
  return results
}

/** Says what each did in each discipline */
export function tell(
  context: Context,
  results: Results,
  { contestants, disciplines }: ContestInit,
  metrics: Partial<Record<keyof LoopResult, string>>
): void {
  for (const { name } of disciplines) {
    for (const [metric, unit] of Object.entries(metrics) as [keyof LoopResult, string][]) {
      context.figure(unit, ...contestants.map((contestant) => results.measured(contestant, name, metric)))
    }

    for (const contestant of contestants) {
      const share = results.lowest(contestant, name, 'delivered')

      if (share < 1) {
        context.print(`  ${name}, ${contestant.name}: delivered ${(100 * share).toFixed(1)} % in its worst round`)
      }
    }
  }
}
