/** Ports to listen on, and who can reach whom. */
import { connect, createServer, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'
import { hostPort } from '../config/kinds.ts'
import { knownPeers } from '../config/load.ts'
import { listenProblem } from '../errors.ts'
import { isLoopback } from '../loopback.ts'
import { fail, ok, warn } from './finding.ts'
import type { HostPort } from '../config/kinds.ts'
import type { NodeConfig } from '../config/options.ts'
import type { Status } from '../control/routes/node.ts'
import type { Finding } from './finding.ts'

/** In ms */
const CONNECT_TIMEOUT = 3_000
/** Peers that are tried; one is enough */
const MAX_TRIED = 8
const PRIVATE =
  /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe80:)/i

/** @param running - what the node that runs with this data directory says, if one does */
export async function checkPorts(config: NodeConfig, running: Status | undefined): Promise<Finding[]> {
  const wanted: (readonly [flag: string, place: HostPort | undefined])[] = [
    ...config.listen.map((address) => ['--listen', tcpPlace(address)] as const),
    ['--gossip-api', config.gossip ? config['gossip-api'] : undefined],
    ['--dht-api', config.dht ? config['dht-api'] : undefined],
    ['--metrics-api', config['metrics-api']]
  ]
  return Promise.all(wanted.flatMap(([flag, place]) => (place === undefined ? [] : [checkPort(flag, place, running)])))
}

async function checkPort(flag: string, place: HostPort, running: Status | undefined): Promise<Finding> {
  const name = `port ${place.port}`
  const where = `${hostPort.format(place)} (${flag})`

  if (running !== undefined && portsOf(running).has(place.port)) {
    return ok(name, `${where} is in use by the node that runs`)
  }

  try {
    await tryListen(place)
    return ok(name, `${where} is free`)
  } catch (err) {
    const problem = `cannot listen on ${where}: ${listenProblem(err)}`
    return running === undefined
      ? fail(name, problem, `stop what uses it, or give another ${flag}`)
      : warn(name, problem, 'the node that runs does not use it: give doctor the options that it was started with')
  }
}

/**
 * What others can try. A running node knows more: the relays that gave it a place, and the addresses that its peers and its
 * router confirmed.
 */
export function checkReachable(
  config: NodeConfig,
  running: Pick<Status, 'listen'> | undefined,
  addresses = ownAddresses()
): Finding {
  const name = 'reachability'
  const confirmed = confirmedAddress(running, addresses)

  if (confirmed !== undefined) {
    return ok(name, `others reach the node at ${confirmed}`)
  }

  const { direct, port } = directHosts(config, addresses)
  const relays = 'name a --relay'

  if (config.relay.length > 0 && running !== undefined) {
    return warn(name, 'no relay has given the node a place', 'look into its log, and check the addresses (--relay)')
  } else if (config.relay.length > 0) {
    return ok(name, 'others will reach the node through its relay, while it runs')
  } else if (direct.length === 0) {
    return warn(name, 'only this machine can reach the node', `give --listen /ip4/0.0.0.0/tcp/${port}, or ${relays}`)
  } else if (direct.every((host) => PRIVATE.test(host))) {
    const forward = `let the router forward TCP port ${port} to ${direct[0]} (--upnp asks it to)`
    return warn(name, 'only this network can reach the node', `${forward}, or ${relays}`)
  }

  const open = direct.find((host) => !PRIVATE.test(host))
  return ok(name, `others can try ${open}, unless a firewall forbids port ${port}`)
}

/** An address that a running node tells others and no network interface of this machine has */
function confirmedAddress(running: Pick<Status, 'listen'> | undefined, addresses: string[]): string | undefined {
  return running?.listen.find((address) => {
    const host = tcpPlace(address)?.host ?? ''
    return address.includes('/p2p-circuit') || (isIP(host) !== 0 && !addresses.includes(host) && !isLocal(host))
  })
}

function directHosts({ listen }: NodeConfig, addresses: string[]): { direct: string[]; port: number } {
  const places = listen.map(tcpPlace).filter((place) => place !== undefined)
  const open = places.some(({ host }) => host === '0.0.0.0' || host === '::')
  const all = [...places.map(({ host }) => host), ...(open ? addresses : [])].filter((host) => isIP(host) !== 0)
  const direct = all.filter((host) => !isLoopback(host) && host !== '0.0.0.0' && host !== '::')
  return { direct, port: places[0]?.port ?? 6_001 }
}

function isLocal(host: string): boolean {
  return isLoopback(host) || PRIVATE.test(host)
}

/** Pages of a browser reach a node over WebSockets alone */
export function checkBrowsers({ listen }: NodeConfig): Finding {
  const name = 'browsers'
  const socket = listen.find((address) => address.endsWith('/ws'))
  return socket === undefined
    ? ok(name, 'cannot reach the node, which does not listen on WebSockets (--listen /ip4/0.0.0.0/tcp/6002/ws)')
    : ok(name, `can try ${socket}; pages that came over https need a proxy with TLS before it`)
}

export async function checkPeers(config: NodeConfig): Promise<Finding> {
  const name = 'peers'
  const { bootstrapper } = config
  const known = [...knownPeers(config), ...(bootstrapper === undefined ? [] : [bootstrapper])].slice(0, MAX_TRIED)

  if (known.length === 0) {
    return ok(name, 'none are configured: the node waits for others')
  }

  const results = await Promise.all(known.map(async (address) => answersAt(tcpPlace(address))))
  const answering = results.filter(Boolean).length
  const message = `${answering} of ${known.length} tried take a connection`
  return answering > 0
    ? ok(name, message)
    : fail(name, message, 'check their addresses (--peer, --bootstrap-list, --bootstrapper) and the way out')
}

/** Where an address leads over TCP, if it does */
function tcpPlace(address: string): HostPort | undefined {
  const [first, second] = multiaddr(address).getComponents()
  return second?.name === 'tcp' && first?.value !== undefined
    ? { host: first.value, port: Number(second.value) }
    : undefined
}

function portsOf({ listen, gossipApi, dhtApi, metricsApi }: Status): Set<number> {
  const apis = [gossipApi ?? '', dhtApi ?? '', metricsApi ?? ''].map((text) => hostPort.parse(text)?.port)
  return new Set([...listen.map((address) => tcpPlace(address)?.port), ...apis].filter((port) => port !== undefined))
}

async function tryListen({ host, port }: HostPort): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  await new Promise((resolve) => server.close(resolve))
}

async function answersAt(place: HostPort | undefined): Promise<boolean> {
  if (place === undefined) {
    return false
  }

  return new Promise((resolve) => {
    const socket = connect(place)
    const end = (answers: boolean) => (): void => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(CONNECT_TIMEOUT, end(false)).once('connect', end(true)).once('error', end(false))
  })
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
}
