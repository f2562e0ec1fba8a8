import { readFileSync } from 'node:fs'
import { loadConfig } from '@hearsay/node'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { limitsOfConfig } from '../src/config/load.ts'
import type { NodeConfig } from '@hearsay/node'

const read = (name: string): string => readFileSync(new URL(`../deploy/${name}`, import.meta.url), 'utf8')

interface Service {
  image?: string
  environment?: Record<string, string>
  ports?: string[]
  volumes?: string[]
  cap_drop?: string[]
  read_only?: boolean
  mem_limit?: string
}

const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> }
const nodes = Object.entries(services).filter(([, { image }]) => image === 'hearsay')
const configOf = ({ environment = {} }: Service): NodeConfig => loadConfig({ flags: {}, env: environment })

describe('the compose file', () => {
  it('has three nodes, with options that a node takes', () => {
    expect(nodes.map(([name]) => name)).toEqual(['a', 'b', 'c'])
    expect(nodes.map(([, service]) => configOf(service)['difficulty-bits'])).toEqual([20, 20, 20])
  })

  it('connects each node to one before it, at the port where nodes listen', () => {
    const [, b, c] = nodes.map(([, service]) => configOf(service).peer)
    expect([b, c]).toEqual([['/dns4/a/tcp/6001'], ['/dns4/b/tcp/6001']])
    expect(configOf(nodes[0]![1]).listen).toEqual(['/ip4/0.0.0.0/tcp/6001'])
  })

  it('gives its containers no more than they need', () => {
    for (const [, service] of nodes) {
      expect(service).toMatchObject({
        cap_drop: ['ALL'],
        read_only: true,
        volumes: [expect.stringMatching(/:\/data$/)]
      })
      const { 'max-memory': maxMemory } = configOf(service)
      expect(maxMemory).toBeLessThan(Number(service.mem_limit!.replace('m', '')))
    }
  })

  it('publishes on loopback only', () => {
    const ports = Object.values(services).flatMap(({ ports: each = [] }) => each)
    expect(ports.length).toBeGreaterThan(0)
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })

  it('lets Prometheus find the metrics of each node', () => {
    const { scrape_configs: configs } = parse(read('prometheus.yml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
    }
    const places = nodes.map(([name, service]) => `${name}:${configOf(service)['metrics-api']!.port}`)
    expect(configs[0]!.static_configs[0]!.targets).toEqual(places)
  })
})

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n')

  it('runs the node as a user without rights, in a directory of its own', () => {
    const user = lines.indexOf('USER node')
    expect(user).toBeGreaterThan(lines.findLastIndex((line) => /^(?:FROM|RUN|COPY) /.test(line)))
    expect(lines.findIndex((line) => line.startsWith('ENTRYPOINT'))).toBeGreaterThan(user)
  })

  it('sets options that a node takes', () => {
    const env = Object.fromEntries(
      lines
        .filter((line) => line.startsWith('ENV '))
        .flatMap((line) =>
          line
            .slice(4)
            .split(' ')
            .map((pair) => pair.split('='))
        )
    ) as Record<string, string>
    expect(loadConfig({ flags: {}, env })).toMatchObject({ 'data-dir': '/data', 'log-format': 'json' })
  })
})

describe('a supervisor', () => {
  it.each(['hearsay.service', 'Dockerfile', 'compose.yaml'])(
    'starts the node itself with %s: SIGTERM reaches it',
    (name) => {
      const starting = read(name)
        .split('\n')
        .filter((line) => /^(?:ExecStart=|ENTRYPOINT|CMD|\s*(?:command|entrypoint):)/.test(line))
      expect(starting.filter((line) => /\b(?:npx|pnpm|npm)\b/.test(line))).toEqual([])
      expect(name === 'compose.yaml' || starting.length > 0).toBe(true)
    }
  )
})

describe('the systemd unit', () => {
  const unit = read('hearsay.service')
  const valueOf = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1]

  it('starts the node with options that it takes, within what the unit allows', () => {
    const words = valueOf('ExecStart')!.split(' ')
    expect(words.slice(0, 3)).toEqual(['/usr/bin/env', 'hearsay', 'start'])
    const pairs = words
      .slice(3)
      .join(' ')
      .matchAll(/--([\w-]+) (\S+)/g)
    const config = loadConfig({
      flags: Object.fromEntries([...pairs].map(([, name, value]) => [name, value])),
      env: {}
    })
    expect(config['data-dir']).toBe('${STATE_DIRECTORY}')
    expect(config['max-memory']).toBeLessThan(Number(valueOf('MemoryMax')!.replace('M', '')))
    const { maxConnections, maxClients } = limitsOfConfig(config)
    expect(maxConnections + maxClients + 128).toBeLessThan(Number(valueOf('LimitNOFILE')))
  })

  it('waits longer for a node to stop than it needs', () => {
    expect(Number(valueOf('TimeoutStopSec'))).toBeGreaterThan(2)
  })

  it.each([
    ['DynamicUser', 'yes'],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['ProtectHome', 'yes'],
    ['PrivateTmp', 'yes'],
    ['PrivateDevices', 'yes'],
    ['CapabilityBoundingSet', ''],
    ['RestrictNamespaces', 'yes'],
    ['SystemCallFilter', '@system-service'],
    ['StateDirectoryMode', '0700'],
    ['UMask', '0077']
  ])('is hardened: %s=%s', (name, value) => expect(valueOf(name)).toBe(value))
})
