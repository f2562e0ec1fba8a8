import { optionKeys } from '../../config/options.ts'
import type { CommandSpec } from '../command.ts'

export const start: CommandSpec = {
  name: 'start',
  summary: 'run the node until SIGINT or SIGTERM',
  nodeOptions: optionKeys,
  examples: [],
  failure: 'could not run (a port is taken, say)',
  asksNode: false,
  run: async ({ sources, options }) => {
    const { start: startNode } = await import('../start.ts')
    await startNode(sources, { json: options['json'] === true })
  }
}
