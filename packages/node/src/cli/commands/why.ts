import { explain } from '../reasons.ts'
import { table } from '../command.ts'
import type { Refusals } from '../../control/routes/node.ts'
import type { CommandSpec } from '../command.ts'

export const why: CommandSpec = {
  name: 'why',
  summary: 'when and why a peer was refused',
  args: [['<peer>', 'its peer id']],
  examples: [['12D3KooWJGcy8N8CLTWgBpoKjuWU3betewnk2y8g96E3bxyAqtqC', 'each time it was closed or not let in']],
  failure: 'the node did not answer, or this is no peer id',
  asksNode: true,
  run: async ({ connect, args, print }) => {
    const answer = await (await connect()).get<Refusals>(`/v1/peers/${encodeURIComponent(args[0]!)}/refusals`)
    print(answer, textOf(answer))
  }
}

function textOf({ peer, connected, protocols, refusals }: Refusals): string {
  const now = connected
    ? `connected, in ${protocols.length === 0 ? 'no protocol' : protocols.join(', ')}`
    : 'not connected'
  const rows = refusals.map(({ time, protocol, reason }) => [time, protocol, reason, explain(protocol, reason)])
  return [
    `${peer} is ${now}.`,
    rows.length === 0
      ? 'It was not refused, as far as is remembered.'
      : table(['time', 'protocol', 'reason', 'which means'], rows)
  ].join('\n')
}
