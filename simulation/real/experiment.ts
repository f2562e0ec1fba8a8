/** `pnpm simulate real`: a sample of what is simulated, beside twenty real nodes on TCP. */
import { percent, table } from '../src/report/table.ts'
import { realSearches, simulatedSearches } from './cup2py.ts'
import { realGossip, simulatedGossip } from './gossip.ts'
import { formula, realShout, simulatedShout } from './shout.ts'
import type { Report } from '../src/experiment.ts'

/** How far a figure of twenty nodes, whose graphs differ, may be from the simulated one */
const COPIES_FACTOR = 1.3
const MAX_SEARCH_COST = 1.5

export async function compareWithReal(report: Report, seed = 1): Promise<void> {
  const gossip = { simulated: simulatedGossip(seed), real: await realGossip() }
  const shout = { simulated: simulatedShout(seed), real: await realShout(seed) }
  const search = { simulated: simulatedSearches(seed), real: await realSearches(seed) }
  const rows = [
    ['gossip: covered', percent(gossip.simulated.coverage), percent(gossip.real.coverage)],
    ['gossip: copies for each delivery', gossip.simulated.copies.toFixed(2), gossip.real.copies.toFixed(2)],
    [`SHOUT: messages, formula ${formula()}`, shout.simulated.messages, shout.real.messages],
    ['CUP2PY: found', percent(search.simulated.found), percent(search.real.found)],
    ['CUP2PY: messages an edge, mean', search.simulated.meanCost.toFixed(2), search.real.meanCost.toFixed(2)],
    ['CUP2PY: messages an edge, most', search.simulated.highestCost.toFixed(2), search.real.highestCost.toFixed(2)]
  ]
  report.line(table(['twenty nodes', 'simulated', 'real, on TCP'], rows))
  report.json('real', { gossip, shout, search })
  const ratio = gossip.real.copies / gossip.simulated.copies
  report.check(
    'gossip covers 99 %, simulated and real',
    Math.min(gossip.simulated.coverage, gossip.real.coverage) >= 0.99
  )
  report.check(
    `copies for each delivery are the same to a factor of ${COPIES_FACTOR}`,
    ratio < COPIES_FACTOR && ratio > 1 / COPIES_FACTOR,
    `${ratio}`
  )
  report.check(
    'a SHOUT costs (2ℓ − 1)n + 1 messages, simulated and real',
    shout.simulated.messages === formula() && shout.real.messages === formula()
  )
  report.check('searches find everybody, simulated and real', search.simulated.found === 1 && search.real.found === 1)
  report.check(
    `a search costs at most ${MAX_SEARCH_COST} messages an edge, simulated and real`,
    Math.max(search.simulated.highestCost, search.real.highestCost) <= MAX_SEARCH_COST,
    `${search.simulated.highestCost} and ${search.real.highestCost}`
  )
}
