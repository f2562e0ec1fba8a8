import type { Result } from './cell.ts'
import type { FaultResult } from './faults.ts'

export interface RunReport {
  /** ISO 8601 */
  started: string
  seconds: number
  /** By implementation: what it was built with, or why it was not */
  versions: Record<string, string>
  cells: Result[]
  faults: FaultResult[]
  passed: number
  failed: number
  notRun: number
}

/** A row of the grid: one implementation, protocol and role */
export interface Row {
  name: string
  cells: Map<string, Result>
}

export interface Grid {
  /** `gossip`, `vectors` …: those with the same features */
  title: string
  features: string[]
  rows: Row[]
}

/** One table for each set of features */
export function grids(cells: readonly Result[]): Grid[] {
  const byKind = Map.groupBy(cells, ({ protocol }) => kindOf(protocol))
  return [...byKind].map(([title, members]) => ({
    title,
    features: [...new Set(members.map(({ feature }) => feature))],
    rows: [...Map.groupBy(members, rowName)].map(([name, own]) => ({
      name,
      cells: new Map(own.map((each) => [each.feature, each]))
    }))
  }))
}

function rowName({ implementation, protocol, role }: Result): string {
  return [implementation, protocol, role].join(' / ')
}

/** The gossip dialects share a table */
function kindOf(protocol: string): string {
  return ['gossip-p2p', 'gossip-midterm'].includes(protocol) ? 'gossip' : protocol
}

/** Results of one reason as one line */
export function reasons(cells: readonly Result[]): [reason: string, ids: string[]][] {
  const notRun = cells.filter(({ verdict }) => verdict === 'not run')
  return [...Map.groupBy(notRun, ({ reason }) => reason ?? '')].map(([reason, own]) => [
    reason,
    own.map(({ id }) => id)
  ])
}

export function score(faults: readonly FaultResult[]): string {
  return `${faults.filter(({ found }) => found).length} of ${faults.length} broken peers were found`
}
