/** Where it was measured, and with what. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

const PACKAGES = [
  'libp2p',
  '@libp2p/gossipsub',
  '@libp2p/kad-dht',
  '@libp2p/tcp',
  '@chainsafe/libp2p-noise',
  '@chainsafe/libp2p-yamux',
  'hash-wasm'
]

export interface Machine {
  cpu: string
  cores: number
  memoryBytes: number
  system: string
  /** Of the last minute, when the run began: on an idle machine near 0 */
  load: number
  versions: Record<string, string>
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    load: loadavg()[0]!,
    versions: {
      node: process.versions.node,
      v8: process.versions.v8,
      openssl: process.versions.openssl,
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
      python: printed('python3', ['--version']),
      'openssl command': printed('openssl', ['version'])
    }
  }
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** What a command prints, or that there is none */
export function printed(command: string, args: readonly string[], timeout = 60_000): string {
  const { stdout, status } = spawnSync(command, args, { encoding: 'utf8', timeout })
  return status === 0 ? stdout.trim() : 'none'
}
