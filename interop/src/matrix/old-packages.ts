/**
 * The packages as they were first, packed as they would have been released, with the libraries they were locked to.
 *
 * @see docs/decisions/0028-the-old-version-is-the-first-commit.md
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder, execute, MissingError } from './execute.ts'
import type { Program } from './peer-process.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PEER = fileURLToPath(new URL('../../peers/old/peer.ts', import.meta.url))
const PACKAGES = ['protocol-core', 'protocol-gossip']
/** The file that makes a package one for users: it is there from the first commit that has them all */
const FIRST_FILE = 'packages/protocol-gossip/README.md'
const PNPM = ['-y', 'pnpm@12']
/** Where pnpm links everything, so that what the packages need is found from a folder beside it */
const APP = 'node_modules/.pnpm/old-peer'

/** Says which commit it is, and builds it when that is not done yet */
export async function oldPackages(say: (line: string) => void): Promise<{ program: Program; commit: string }> {
  const commit = firstCommit()
  const folder = join(cacheFolder(), `packages-${commit.slice(0, 12)}`)

  if (!existsSync(folder)) {
    await build(commit, folder, say)
  }

  const app = join(folder, APP)
  // Node.js takes no TypeScript below node_modules
  writeFileSync(join(app, 'peer.mjs'), stripTypeScriptTypes(readFileSync(PEER, 'utf8')))
  return { program: { command: process.execPath, args: [join(app, 'peer.mjs')] }, commit }
}

/** @throws {MissingError} where the history does not reach so far back */
function firstCommit(): string {
  const args = ['-C', ROOT, 'log', '--reverse', '--diff-filter=A', '--format=%H', '--', FIRST_FILE]
  const { stdout, status } = spawnSync('git', args, { encoding: 'utf8' })
  const isShallow = spawnSync('git', ['-C', ROOT, 'rev-parse', '--is-shallow-repository'], { encoding: 'utf8' })
  const [commit = ''] = (stdout ?? '').split('\n')

  if (status !== 0 || commit === '' || isShallow.stdout.trim() === 'true') {
    throw new MissingError('the history of this clone does not reach back to the first commit with the packages')
  }

  return commit
}

async function build(commit: string, folder: string, say: (line: string) => void): Promise<void> {
  const draft = `${folder}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  const options = { cwd: draft, say }

  try {
    await execute('git', ['-C', ROOT, 'archive', '--format=tar', '--output', join(draft, 'source.tar'), commit], {
      say
    })
    await execute('tar', ['-xf', 'source.tar'], options)
    await execute('npx', [...PNPM, 'install', '--frozen-lockfile'], options)
    await execute('npx', [...PNPM, 'run', 'build'], options)
    await unpack(draft, say)
    // only what is whole has the name that is looked for
    renameSync(draft, folder)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Each package from its tarball, and from nothing else */
async function unpack(draft: string, say: (line: string) => void): Promise<void> {
  for (const name of PACKAGES) {
    const own = join(draft, 'packages', name)
    await execute('npx', [...PNPM, 'pack', '--pack-destination', own], { cwd: own, say })
    const tarball = readdirSync(own).find((file) => file.endsWith('.tgz'))!
    const target = join(draft, APP, 'node_modules', '@hearsay', name)
    mkdirSync(target, { recursive: true })
    await execute('tar', ['-xzf', join(own, tarball), '-C', target, '--strip-components=1'], { say })
  }
}
