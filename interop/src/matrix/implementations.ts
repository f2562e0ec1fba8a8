/** The other implementations: how each is built, and what it does. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, execute, MissingError } from './execute.ts'
import { nodeOf, nodeVersions } from './node-versions.ts'
import { oldPackages } from './old-packages.ts'
import type { Program } from './peer-process.ts'

export interface Implementation {
  /** The first part of its cells' names */
  name: string
  /** For people */
  title: string
  /** Programs it needs; each is asked for its version, and the first names it for `--require` */
  toolchain: readonly Tool[]
  /** libp2p protocols it speaks, in both roles */
  protocols: readonly string[]
  /** TCP APIs of ours it is a client of */
  apis: readonly ('gossip-api' | 'dht-api')[]
  /** Whether it has nodes of the DHT; or why it has none here, where its libp2p would have */
  kad?: true | { missing: string }
  /** Vector files it checks */
  vectors: readonly string[]
  /** Bits of the proof of work that tests the gate: fewer where the language is slow. @default 24 */
  gateBits?: number
  /** Gossip features it has no means to show. @default none */
  without?: readonly string[]
  /** The only gossip features that tell something new. @default all */
  only?: readonly string[]
  /** Whether it was built before, where that takes minutes */
  isBuilt?: () => boolean
  /** Builds it, when that is not done yet */
  prepare: (say: (line: string) => void) => Promise<Program & { version?: string }>
}

export interface Tool {
  command: string
  versionArgs: readonly string[]
}

/** What there is of an implementation on this machine */
export type Available = { program: Program; versions: string } | { missing: string } | { broken: string }

const PEERS = fileURLToPath(new URL('../../peers', import.meta.url))
const GOSSIP = '/hearsay/gossip/1.0.0'
const GOSSIP_P2P = '/hearsay/gossip-p2p/1.0.0'
const SHOUT = '/hearsay/shout/1.0.0'
const CUP2PY = '/hearsay/cup2py/1.0.0'
const MIDTERM = '/hearsay/gossip-midterm/1.0.0'
/** A sixteenth of the work */
const SLOW_BITS = 20
const GOSSIP_VECTORS = [
  'gossip.json',
  'gossip-midterm.json',
  'gossip-p2p.json',
  'gossip-api.json',
  'gossip-proofs.json',
  'originals/gossip.json',
  'originals/gossip-malformed.json'
]

export const implementations: readonly Implementation[] = [
  {
    name: 'go',
    title: 'Go, on go-libp2p',
    toolchain: [{ command: 'go', versionArgs: ['version'] }],
    protocols: [GOSSIP, GOSSIP_P2P, SHOUT],
    apis: [],
    kad: { missing: 'go-libp2p-kad-dht is not among the modules of the Go proxy that the peer was made with' },
    vectors: [...GOSSIP_VECTORS, 'shout.json', 'originals/shout.json'],
    isBuilt: () => existsSync(goPeer()),
    prepare: buildGo
  },
  {
    name: 'rust',
    title: 'Rust, on rust-libp2p',
    toolchain: [{ command: 'cargo', versionArgs: ['--version'] }],
    protocols: [GOSSIP, GOSSIP_P2P, CUP2PY],
    apis: [],
    kad: true,
    vectors: [...GOSSIP_VECTORS, 'cup2py.json', 'dht-records.json', 'originals/cup2py.json'],
    isBuilt: () => existsSync(rustPeer()),
    prepare: buildRust
  },
  {
    name: 'python',
    title: 'Python, from scratch',
    toolchain: [{ command: 'python3', versionArgs: ['--version'] }],
    protocols: [GOSSIP, GOSSIP_P2P, MIDTERM, CUP2PY, SHOUT],
    apis: ['gossip-api', 'dht-api'],
    vectors: [
      ...GOSSIP_VECTORS,
      'cup2py.json',
      'dht-api.json',
      'dht-records.json',
      'shout.json',
      'originals/cup2py.json',
      'originals/dht.json',
      'originals/rsa.json'
    ],
    gateBits: SLOW_BITS,
    prepare: buildPython
  },
  {
    name: 'node',
    title: 'Node.js, by hand on js-libp2p',
    toolchain: [],
    protocols: [GOSSIP, GOSSIP_P2P],
    apis: ['gossip-api'],
    vectors: [...GOSSIP_VECTORS, 'originals/rsa.json'],
    gateBits: SLOW_BITS,
    prepare: async () => nodeProgram('node/peer.ts')
  },
  {
    name: 'package',
    title: 'our package, under the other names of noise and yamux',
    toolchain: [],
    protocols: [GOSSIP],
    apis: [],
    vectors: [],
    without: ['informs', 'offers'],
    prepare: async () => nodeProgram('package/peer.ts')
  },
  {
    name: 'old',
    title: 'our package as it was first',
    toolchain: [{ command: 'git', versionArgs: ['--version'] }],
    protocols: [GOSSIP],
    apis: [],
    vectors: [],
    without: ['informs', 'offers'],
    prepare: async (say) => {
      const { program, commit } = await oldPackages(say)
      return { ...program, version: `packages of commit ${commit.slice(0, 12)}` }
    }
  },
  ...nodeVersions.flatMap((node) =>
    ['chainsafe', 'libp2p'].map((names): Implementation => ({
      name: `node${node.major}-${names}`,
      title: `our package on Node.js ${node.version}, with noise and yamux of @${names}`,
      toolchain: [],
      protocols: [GOSSIP],
      apis: [],
      vectors: [],
      only: ['gate', 'hears', 'speaks', 'once'],
      prepare: async (say) => {
        const program = { ...nodeProgram('package/peer.ts'), command: await nodeOf(node, say) }
        return { ...program, env: { PEER_NAMES: names }, version: `v${node.version}` }
      }
    }))
  )
]

/**
 * What can be run of it; a build that fails is broken, and not missing
 *
 * @param quickly - leave out what is not built yet and takes minutes
 */
export async function available(
  implementation: Implementation,
  say: (line: string) => void,
  quickly = false
): Promise<Available> {
  const versions = []

  for (const { command, versionArgs } of implementation.toolchain) {
    const { status, stdout, error } = spawnSync(command, versionArgs, { encoding: 'utf8' })

    if (error !== undefined || status !== 0) {
      return { missing: `${command} is not installed` }
    }

    versions.push(stdout.trim())
  }

  if (quickly && implementation.isBuilt?.() === false) {
    return { missing: 'it is not built yet, which takes minutes: run it without --reduced' }
  }

  try {
    const { version, ...program } = await implementation.prepare(say)
    return { program, versions: version ?? (versions.join(', ') || process.version) }
  } catch (err) {
    const { message } = err as Error
    return err instanceof MissingError ? { missing: message } : { broken: message }
  }
}

export function nodeProgram(path: string): Program {
  return { command: process.execPath, args: ['--conditions=@hearsay/source', join(PEERS, path)] }
}

function goPeer(): string {
  return join(cacheFolder(), 'go', 'peer')
}

function rustPeer(): string {
  return join(cacheFolder(), 'rust', 'release', 'peer')
}

async function buildGo(say: (line: string) => void): Promise<Program> {
  const command = goPeer()
  const options = { cwd: join(PEERS, 'go'), env: { GOFLAGS: '-mod=readonly -buildvcs=false' } }
  await execute('go', ['build', '-trimpath', '-o', command, '.'], { ...options, say })
  return { command, args: [] }
}

async function buildRust(say: (line: string) => void): Promise<Program> {
  const target = join(cacheFolder(), 'rust')
  const options = { cwd: join(PEERS, 'rust'), env: { CARGO_TARGET_DIR: target } }
  await execute('cargo', ['build', '--release', '--locked', '--quiet'], { ...options, say })
  return { command: rustPeer(), args: [] }
}

/** @throws {MissingError} always */
function missing(err: Error): never {
  throw new MissingError(`what it needs is not there: ${err.message}`, { cause: err })
}

/** A virtual environment for each state of the requirements */
async function buildPython(say: (line: string) => void): Promise<Program> {
  const requirements = join(PEERS, 'python', 'requirements.txt')
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  const folder = join(cacheFolder(), `python-${hash}`)
  const command = join(folder, 'bin', 'python3')
  const done = join(folder, 'complete')

  if (!existsSync(done)) {
    rmSync(folder, { recursive: true, force: true })
    // where Python is too old, or without venv, it is not Python as it is needed here
    await execute('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))'], { say }).catch(missing)
    await execute('python3', ['-m', 'venv', folder], { say }).catch(missing)
    await execute(command, ['-m', 'pip', 'install', '--quiet', '--require-hashes', '-r', requirements], { say }).catch(
      (err: Error) => {
        // a hash that differs is no network that is away
        throw /hash/i.test(err.message.replaceAll('--require-hashes', '')) ? err : missing(err)
      }
    )
    mkdirSync(done)
  }

  return { command, args: ['-B', join(PEERS, 'python', 'peer.py')] }
}
