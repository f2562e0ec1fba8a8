import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPlace } from '../src/control/place.ts'
import { DATA_VERSION, openDataDir } from '../src/data-dir.ts'
import { loadIdentity } from '../src/key-file.ts'
import { Shell } from './shell.ts'

const LOOP = fileURLToPath(new URL('crash-loop.ts', import.meta.url))
/** T20: as many as are killed */
const KILLS = 100
/** At once: most of the time they start */
const LANES = 2
/** In ms, from the first acknowledgement on; some dozens of rounds */
const LONGEST = 60

/** Kills of a whole node, which takes longer to start: CRASHES sets how many */
const STARTS = Number(process.env['CRASHES'] ?? 10)
/** In ms; about what it takes to be there */
const START = 1_500

const shell = new Shell()
let root = ''
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'hearsay-crash-test-'))))
afterAll(async () => {
  await shell.end()
  rmSync(root, { recursive: true, force: true })
})

const nameIn = (path: string): string => peerIdFromPrivateKey(privateKeyFromProtobuf(readFileSync(path))).toString()

/** @returns the identities it acknowledged, in order, before it was killed */
async function killed(dir: string): Promise<string[]> {
  const child = spawn(process.execPath, ['--conditions=@hearsay/source', LOOP, dir], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)))
  const ended = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), ended])
  await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST))
  child.kill('SIGKILL')
  await ended
  expect(output.stderr.replaceAll(/^.*(?:Warning|--trace-warnings).*\n/gm, '')).toBe('')
  const lines = output.stdout.split('\n').slice(0, -1)
  return lines.flatMap((line) => line.split(' ')).filter((_, i) => i === 0 || i % 2 === 1)
}

/** Nothing is damaged, and nothing that was acknowledged is lost */
async function check(dir: string, acknowledged: readonly string[]): Promise<void> {
  await openDataDir(dir)
  const identity = peerIdFromPrivateKey(await loadIdentity(dir)).toString()
  const names = readdirSync(dir)
  const kept = names.filter((name) => /^identity.*\.key$/.test(name)).map((name) => nameIn(join(dir, name)))
  expect(kept).toEqual(expect.arrayContaining([...acknowledged, identity]))
  expect(readFileSync(join(dir, 'version'), 'utf8')).toBe(`${DATA_VERSION}\n`)
  // the last acknowledged one, or the next one, which was being kept
  const last = acknowledged.at(-1)!
  expect(identity === last || names.includes(`identity-${last}.key`)).toBe(true)
  // whole or not there, never a part
  expect(names.includes('control.json')).toBe((await readPlace(dir)) !== undefined)
}

it(`a data directory survives ${KILLS} kills at random moments (T20)`, async () => {
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const dir = join(root, String(lane))
    let rounds = 0

    for (let i = 0; i < KILLS / LANES; i++) {
      const acknowledged = await killed(dir)
      await check(dir, acknowledged)
      rounds += acknowledged.length
    }

    return rounds
  })
  // whatever happens in one, none is left running
  const outcomes = await Promise.allSettled(lanes)
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([])
  // each got as far as to acknowledge something
  const rounds = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 0))
  expect(Math.min(...rounds)).toBeGreaterThanOrEqual(KILLS / LANES)
}, 300_000)

it(
  'a node that is killed at random moments, starting or running, starts again as the same',
  async () => {
    const dir = shell.dir()
    const { peerId } = await shell.json<{ peerId: string }>('init', '--data-dir', dir)
    const free = ['--listen', '/ip4/127.0.0.1/tcp/0', '--gossip-api', '127.0.0.1:0']
    const userKey = join(dir, 'users', 'user_privateKey.pem')
    const userKeys = new Set<string>()

    for (let i = 0; i < STARTS; i++) {
      const { child, ended, output } = shell.spawn(['start', '--json', '--data-dir', dir, ...free])
      await Promise.race([
        once(child.stdout, 'data'),
        new Promise((resolve) => setTimeout(resolve, Math.random() * START))
      ])
      child.kill('SIGKILL')
      expect([await ended, output.stderr.replaceAll(/^\S+ info .*\n/gm, '')]).toEqual(['SIGKILL', ''])

      if (existsSync(userKey)) {
        userKeys.add(readFileSync(userKey, 'utf8'))
      }
    }

    const { code } = await shell.run(['status', '--data-dir', dir])
    expect(code).toBe(3)
    const last = await shell.node('--data-dir', dir)
    expect(last.peerId).toBe(peerId)
    expect(await shell.json('status', '--data-dir', dir)).toMatchObject({ peerId })
    // once there is a key of the user, no other takes its place
    expect([...userKeys.add(readFileSync(userKey, 'utf8'))]).toHaveLength(1)
    // what the killed ones left is taken over; a draft of theirs is removed by a start a minute later
    expect(
      readdirSync(dir)
        .filter((name) => !name.startsWith('.') && !/\.sqlite-(?:wal|shm)$/.test(name))
        .toSorted()
    ).toEqual([
      'control.json',
      'control.sock',
      'cup2py.sqlite',
      'dht.sqlite',
      'identity.key',
      'lock',
      'shout.sqlite',
      'users',
      'version'
    ])
  },
  30_000 + STARTS * 12_000
)
