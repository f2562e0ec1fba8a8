import type { Status } from '../../control/routes/node.ts'
import type { CommandSpec } from '../command.ts'

export const status: CommandSpec = {
  name: 'status',
  summary: 'how the running node is',
  examples: [
    ['', 'who it is, where it listens, how many peers it has'],
    ['--json', 'the same for a program'],
    ['--data-dir /var/lib/hearsay', 'of the node with this data directory']
  ],
  failure: 'the node did not answer',
  asksNode: true,
  run: async ({ connect, print }) => {
    const answer = await (await connect()).get<Status>('/v1/status')
    print(answer, textOf(answer))
  }
}

function textOf(node: Status): string {
  const protocols = Object.entries(node.protocols).map(
    ([name, { ready, peers }]) => `${name}: ${ready ? 'ready' : 'not ready'}, ${peers} peers`
  )
  return [
    `${node.peerId} (hearsay ${node.version}, process ${node.pid})`,
    `${node.ready ? 'ready' : 'not ready'}, since ${node.startedAt}, ${node.connections} connections, ${megabytes(node.memoryBytes)}`,
    ...protocols,
    ...node.listen.map((address) => `others reach it at ${address}`),
    ...(node.user === null ? [] : [`user ${node.user}`]),
    ...(node.gossipApi === null ? [] : [`programs reach it at ${node.gossipApi} (gossip API)`]),
    ...(node.dhtApi === null ? [] : [`programs reach it at ${node.dhtApi} (DHT API)`]),
    ...(node.metricsApi === null ? [] : [`metrics at http://${node.metricsApi}/metrics`]),
    `data in ${node.dataDir}`
  ].join('\n')
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB in use`
}
