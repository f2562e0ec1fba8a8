import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateUser, RecordVerifier, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { interleave } from './rounds.ts'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Measured, Subject } from './rounds.ts'

const SCRIPT = fileURLToPath(new URL('address-book.py', import.meta.url))
/** Users in the book, and in one transaction */
const USERS = 100_000
const BATCH = 500
/** Length of one of Python's measurements, in s */
const PYTHON_SECONDS = 2
const PEM = `-----BEGIN RSA PUBLIC KEY-----\n${`${'A'.repeat(64)}\n`.repeat(5)}-----END RSA PUBLIC KEY-----\n`

const hashOf = (i: number): string => i.toString(16).padStart(64, '0')

function user(i: number, year = 2024): UserRecord {
  return {
    hash: hashOf(i),
    publicKey: PEM,
    address: '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW',
    date: `${year}-01-01 00:00:00.000001`,
    signature: 'A'.repeat(344)
  }
}

/** In ms since some time */
type Clock = () => number

const wallTime: Clock = () => performance.now()
/** Of this process alone: what a machine can do, also while others use it */
const cpuTime: Clock = () => {
  const used = process.cpuUsage()
  return (used.user + used.system) / 1_000
}

function rate(count: number, clock: Clock, run: () => void): number {
  const start = clock()
  run()
  return count / ((clock() - start) / 1_000)
}

/** A book of 100,000 users, filled anew in each round */
function bookSubjects(folder: string): Subject[] {
  let book: SqliteBook | undefined
  let round = 0

  const insert: Subject = {
    name: `SqliteBook: insert ${USERS.toLocaleString('en')} users by ${BATCH}, CPU time`,
    measure: async () => {
      book?.close()
      book = new SqliteBook(join(folder, `${round++}.db`))
      book.open()
      return rate(USERS, cpuTime, () => {
        for (let i = 0; i < USERS; i += BATCH) {
          book!.put(Array.from({ length: BATCH }, (_, j) => ({ record: user(i + j), reachedAt: 0 })))
        }
      })
    }
  }
  const lookup = (kind: string, clock: Clock): Subject => ({
    name: `SqliteBook: look one up, ${kind}`,
    measure: async () =>
      rate(USERS, clock, () => {
        for (let i = 0; i < USERS; i++) {
          book!.get(hashOf((i * 7_919) % USERS))
        }
      })
  })
  const upsert: Subject = {
    name: 'SqliteBook: one newer record, in a transaction of its own',
    measure: async () =>
      rate(20_000, wallTime, () => {
        for (let i = 0; i < 20_000; i++) {
          book!.put([{ record: user(i, 2024 + round), reachedAt: 0 }])
        }
      })
  }
  return [insert, lookup('CPU time', cpuTime), lookup('wall time', wallTime), upsert]
}

const PYTHON_KINDS = ['upsert', 'lookup', 'verify', 'sign'] as const

/** Why it cannot be compared with */
function pythonProblem(folder: string): string | undefined {
  const { status, stderr, error } = spawnSync('python3', [SCRIPT, 'verify', join(folder, 'none'), '0'], {
    encoding: 'utf8'
  })
  const last = error?.message ?? stderr.trim().split('\n').at(-1)
  return status === 0 ? undefined : `python3 with the packages sqlite3 and rsa is needed: ${last}`
}

function python(kind: string, folder: string): Subject {
  return {
    name: `Python: ${kind}`,
    measure: async () => {
      const path = join(folder, `python-${kind}.db`)
      const { stdout } = spawnSync('python3', [SCRIPT, kind, path, String(PYTHON_SECONDS)], {
        encoding: 'utf8'
      })

      return Number(stdout)
    }
  }
}

async function keySubjects(): Promise<[Subject, Subject]> {
  const key = await generateUser()
  const hash = userHash(key.publicKey.pkcs1Pem)
  const record = await signRecord(key, hash, '/ip4/192.0.2.1/tcp/6001/p2p/12D3KooW', '2024-01-01 00:00:00.000001')
  const verifier = new RecordVerifier({})
  const perSecond = async (run: () => Promise<unknown>): Promise<number> => {
    const start = performance.now()
    let count = 0

    for (; performance.now() - start < 1_000; count += 64) {
      await Promise.all(Array.from({ length: 64 }, run))
    }

    return count / ((performance.now() - start) / 1_000)
  }

  return [
    { name: 'verify a record of 2,048 bits', measure: async () => perSecond(async () => verifier.verify(record)) },
    {
      name: 'sign a record with 2,048 bits',
      measure: async () => perSecond(async () => signRecord(key, hash, record.address, record.date))
    }
  ]
}

/** The address book and the signatures, against Python doing for each operation what a short script does */
export async function benchAddressBook(context: Context): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-bench-'))

  try {
    const problem = pythonProblem(folder)
    const theirs = problem === undefined ? PYTHON_KINDS.map((kind) => python(kind, folder)) : []
    const measured = await interleave([...bookSubjects(folder), ...(await keySubjects()), ...theirs], context.rounds)
    context.figure('per s', ...measured)

    if (problem !== undefined) {
      context.leaveOut('what is compared with Python', problem)
    }

    return comparisons(measured)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function comparisons(measured: readonly Measured[]): Comparison[] {
  const [insert, lookup, wallLookup, upsert, verify, sign, ...theirs] = measured.map(({ median }) => median)
  const ours = [upsert!, wallLookup!, verify!, sign!]
  const targets = [20, 20, 1, 1]
  return [
    { what: 'inserting in batches, by 20,000 a second', ratio: insert! / 20_000, target: 1 },
    { what: 'looking up among 100,000, by 50,000 a second', ratio: lookup! / 50_000, target: 1 },
    ...theirs.map((their, i) => ({
      what: `${PYTHON_KINDS[i]}, by Python`,
      ratio: ours[i]! / their,
      target: targets[i]!
    }))
  ]
}
