import { loadConfig } from '../config/load.ts'
import { hostPort } from '../config/kinds.ts'
import { createLog } from '../log.ts'
import { createNode } from '../node.ts'
import { ExitCode } from './command.ts'
import { onMishap } from './mishaps.ts'
import type { ConfigSources } from '../config/load.ts'
import type { Log } from '../log.ts'
import type { HearsayNode } from '../node.ts'

export interface StartOptions {
  json: boolean
}

/** In ms; a node that is not down by then goes without the rest of its goodbyes */
const SHUTDOWN_TIMEOUT = 1_500

/** Run a node until a signal ends it. */
export async function start(sources: ConfigSources, { json }: StartOptions): Promise<void> {
  // whoever reads our first lines may leave after them
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const config = loadConfig(sources)
  const log = createLog(config['log-format'])
  const stopped = signalled()
  let running: HearsayNode | undefined
  onMishap(log, () => void shutDown(running, log, ExitCode.FAILED))
  running = await createNode(config, log)
  process.stdout.write(json ? `${JSON.stringify(summary(running))}\n` : greeting(running))
  log.info(`stopping: ${await stopped}`)
  await shutDown(running, log, ExitCode.OK)
}

interface Summary {
  peerId: string
  listen: string[]
  /** Undefined when it is off, like the other */
  gossipApi: string | undefined
  dhtApi: string | undefined
}

function summary({ libp2p, gossipApi, dhtApi }: HearsayNode): Summary {
  return {
    peerId: libp2p.peerId.toString(),
    listen: libp2p.getMultiaddrs().map(String),
    gossipApi: gossipApi && hostPort.format(gossipApi),
    dhtApi: dhtApi && hostPort.format(dhtApi)
  }
}

function greeting(node: HearsayNode): string {
  const { listen, gossipApi, dhtApi } = summary(node)
  const apis = [gossipApi && `${gossipApi} (gossip API)`, dhtApi && `${dhtApi} (DHT API)`].filter(Boolean)
  const programs = apis.length === 0 ? [] : [`and programs on this machine at ${apis.join(' and ')}.`]
  return [
    'hearsay is running. Others reach it at',
    ...listen.map((address) => `  ${address}`),
    ...programs,
    'Ctrl-C stops it. In another terminal: hearsay status, hearsay chat, hearsay --help',
    ''
  ].join('\n')
}

const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The first signal to end; a second one of either kind ends the process at once */
async function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      END_SIGNALS.forEach((each) => process.off(each, onSignal))
      resolve(signal)
    }
    END_SIGNALS.forEach((each) => process.on(each, onSignal))
  })
}

async function shutDown(node: HearsayNode | undefined, log: Log, code: number): Promise<void> {
  setTimeout(() => {
    log.warn(`not everything was closed within ${SHUTDOWN_TIMEOUT} ms; leaving`)
    process.exit(code)
  }, SHUTDOWN_TIMEOUT)

  try {
    await node?.stop()
  } finally {
    // timers of libp2p that nobody waits for would keep the process for another second
    process.exit(code)
  }
}
