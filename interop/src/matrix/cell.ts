import type { Bench } from './bench.ts'

/** One thing that one implementation does with ours, in one role. */
export interface Cell {
  /** Whose program is on the other side */
  implementation: string
  /** `gossip`, `gossip-p2p`, `gossip-api`, `vectors` … */
  protocol: string
  /** What the other side does: `dial`, `listen`, `client` …, or `-` where there are no sides */
  role: string
  feature: string
  /** In ms. @default 90_000 */
  timeout?: number
  /** Why it cannot run, when that is so */
  missing?: string | undefined
  /** @throws {Error} when it is not as it should be */
  run: (bench: Bench) => Promise<void>
}

export type Verdict = 'passed' | 'failed' | 'not run'

export interface Result {
  /** `go/gossip/dial/gate` */
  id: string
  implementation: string
  protocol: string
  role: string
  feature: string
  verdict: Verdict
  /** Why it failed or was not run */
  reason?: string | undefined
  seconds: number
  /** What was measured */
  figures?: string[]
  /** Files, relative to the report */
  logs: string[]
  /** The command that runs this cell alone */
  replay: string
}

export function idOf({ implementation, protocol, role, feature }: Omit<Cell, 'run'>): string {
  return [implementation, protocol, role, feature].join('/')
}

/** Whether `go/gossip/dial/gate` is meant by `go/gossip` or `*\/gossip`: parts from the left, `*` is any */
export function isMeant(id: string, pattern: string): boolean {
  const parts = id.split('/')
  return pattern.split('/').every((wanted, at) => wanted === '*' || wanted === parts[at])
}
