import { cup2pyExperiment } from './cup2py/experiment.ts'
import { searchExperiment, searchScenarios } from './cup2py-search.ts'
import { churnExperiment } from './gossip-churn.ts'
import { gossipExperiment } from './gossip/experiment.ts'
import { scaleExperiments } from './scale/experiment.ts'
import { readScenarios, scenarioExperiment } from './scenario-files.ts'
import { shoutExperiment } from './shout/experiment.ts'
import type { Experiment } from './experiment.ts'

/** Loaded when it is asked for: nothing else here needs libp2p */
const realExperiment: Experiment = {
  name: 'real',
  summary: 'twenty real nodes on TCP beside twenty simulated ones: gossip, SHOUT, a search (apart; some seconds)',
  apart: true,
  async run(report, seed) {
    const { compareWithReal } = await import('../real/experiment.ts')
    await compareWithReal(report, seed)
  }
}

/** All that `pnpm simulate` knows, in the order it runs them. */
export const experiments: readonly Experiment[] = [
  cup2pyExperiment,
  shoutExperiment,
  ...readScenarios().map(scenarioExperiment),
  churnExperiment,
  ...searchScenarios.map(searchExperiment),
  gossipExperiment,
  ...scaleExperiments,
  realExperiment
]
