import { table } from '../command.ts'
import type { Peers } from '../../control/routes/node.ts'
import type { CommandSpec } from '../command.ts'

export const peers: CommandSpec = {
  name: 'peers',
  summary: 'who is connected, and in which protocols',
  examples: [
    ['', 'a line for each connection'],
    ["--json | jq -r '.peers[].peer'", 'their ids']
  ],
  failure: 'the node did not answer',
  asksNode: true,
  run: async ({ connect, print }) => {
    const answer = await (await connect()).get<Peers>('/v1/peers')
    const rows = answer.peers.map(({ peer, direction, since, protocols, address }) => {
      const names = protocols.map(({ name }) => name).join(', ')
      return [peer, direction, names === '' ? 'none' : names, since, address]
    })
    print(
      answer,
      rows.length === 0 ? 'nobody is connected' : table(['peer', 'direction', 'protocols', 'since', 'address'], rows)
    )
  }
}
