/**
 * `pnpm fresh-app`: the packages as a stranger gets them. Packs them, installs the tarballs with npm in an empty folder
 * outside the workspace, compiles and runs the README's example there, and lets two nodes gossip, on Node.js 22 and 24.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const packages = ['protocol-core', 'protocol-gossip']
const versions = ['22', '24']
/** What the README's example imports beside the package, and what a stranger compiles it with */
const others = ['@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux', '@libp2p/identify', '@libp2p/tcp', 'libp2p']

const PAIR = `
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossip } from '@hearsay/protocol-gossip'
import { proves, solve } from '@hearsay/protocol-gossip/pow'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'

const create = (knownPeers) =>
  createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), gossip: gossip({ difficultyBits: 20, knownPeers }) }
  })
const a = await create([])
const b = await create(a.getMultiaddrs().map(String))
a.services.gossip.subscribe(42, (data) => data.byteLength > 0)
const heard = new Promise((resolve) => a.services.gossip.addEventListener('message', ({ detail }) => resolve(detail)))
b.services.gossip.announce(42, new TextEncoder().encode('psst'))
const { data } = await heard
const nonce = await solve(1n, { difficultyBits: 20 })
console.info(process.version, new TextDecoder().decode(data), proves(1n, nonce, 20))
await Promise.all([a.stop(), b.stop()])
`

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 300_000 })
}

/** The version the workspace has of a package */
function catalogued(name: string): string {
  const line = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
    .split('\n')
    .find((each) => each.trim().startsWith(`'${name}':`) || each.trim().startsWith(`${name}:`))
  return `${name}@${line!.split(': ')[1]!.trim()}`
}

function pack(folder: string): string[] {
  packages.forEach((name) => run('pnpm', ['pack', '--pack-destination', folder], join(root, 'packages', name)))
  return readdirSync(folder)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => join(folder, file))
}

function check(app: string, version: string): void {
  const node = join(app, `node-${version}`, 'node_modules/node/bin/node')
  const [, example] = /```ts\n([\s\S]*?)```/.exec(
    readFileSync(join(root, 'packages/protocol-gossip/README.md'), 'utf8')
  )!
  writeFileSync(join(app, 'example.ts'), `${example!}\nawait node.stop()\n`)
  writeFileSync(join(app, 'pair.js'), PAIR)
  run(
    join(app, 'node_modules/.bin/tsc'),
    ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'example.ts'],
    app
  )
  run(node, ['--experimental-strip-types', '--no-warnings', 'example.ts'], app)
  const said = run(node, ['pair.js'], app).trim()

  if (!said.startsWith(`v${version}.`) || !said.endsWith('psst true')) {
    throw new Error(`Node.js ${version} says: ${said}`)
  }

  console.info(`pass ${said}`)
}

const app = mkdtempSync(join(tmpdir(), 'hearsay-app-'))

try {
  const tarballs = pack(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }')
  const npm = ['install', '--no-audit', '--no-fund', '--loglevel=error']
  run('npm', [...npm, ...tarballs, ...[...others, 'typescript', '@types/node'].map(catalogued)], app)

  for (const version of versions) {
    run('npm', [...npm, '--prefix', `node-${version}`, `node@${version}`], app)
    check(app, version)
  }

  console.info(`${versions.length} passed, 0 failed`)
} finally {
  rmSync(app, { recursive: true })
}
