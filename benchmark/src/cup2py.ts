import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cup2py, generateUser, PROTOCOL, RecordVerifier, signRecord, userHash } from '@hearsay/protocol-cup2py'
import { decode, encode, encodeText } from '@hearsay/protocol-cup2py/codec'
import { SqliteBook } from '@hearsay/protocol-cup2py/sqlite'
import { framed, FrameSplitter, varintPrefix } from '@hearsay/protocol-core/pure'
import { identify } from '@libp2p/identify'
import { createLibp2p } from 'libp2p'
import { hostOptions, IN_FLIGHT, stopAll } from './hosts.ts'
import { interleave, MEASURE_TIME, until } from './rounds.ts'
import type { UserRecord } from '@hearsay/protocol-cup2py'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { RsaPrivateKey } from '@hearsay/protocol-core'
import type { Stream } from '@libp2p/interface'
import type { Comparison } from './comparison.ts'
import type { Context } from './part.ts'
import type { Subject } from './rounds.ts'

const SCRIPT = fileURLToPath(new URL('cup2py.py', import.meta.url))
/** Who signed the records, in turn */
const USERS = 64
const RECORDS = 8_192
/** What is not handled this long after it was sent never is, in ms */
const PATIENCE = 30_000
/** Length of one of Python's measurements, in s */
const PYTHON_SECONDS = 2
/** Carried, and not dialled */
const ADDRESS = '192.0.2.1'
const MAX_FRAME = 65_536

interface Requests {
  updates: readonly Message[]
  searches: readonly Message[]
  /** One a line, as the Python script reads them */
  file: string
}

/** P6: requests of many users, handled one after the other by Python, and by a node whose peers are on loopback */
export async function benchCup2py(context: Context): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hearsay-bench-'))

  try {
    const requests = await writeRequests(folder)
    const python = (['update', 'search'] as const).map((kind) => pythonSubject(kind, requests, folder))
    const why = pythonProblem(requests, folder)

    if (why !== undefined) {
      context.leaveOut('UPDATE and SEARCH by Python', why)
    }

    const ours = [nodeSubject('update', requests, folder), nodeSubject('search', requests, folder), verifying(requests)]
    const measured = await interleave([...ours, ...(why === undefined ? python : [])], context.rounds)
    context.figure('per s', ...measured)
    const [update, search, , pythonUpdate, pythonSearch] = measured.map(({ median }) => median)
    return pythonUpdate === undefined || pythonSearch === undefined
      ? []
      : [
          { what: 'UPDATE by Python: verified, kept, passed on', ratio: update! / pythonUpdate, target: 20 },
          { what: 'SEARCH by Python: found, answered, passed on', ratio: search! / pythonSearch, target: 20 }
        ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Records of some users in turn, each newer than the one before; and searches for one of them, by those records */
async function writeRequests(folder: string): Promise<Requests> {
  const keys = await Promise.all(Array.from({ length: USERS }, async () => generateUser()))
  const hashes = keys.map((key) => userHash(key.publicKey.pkcs1Pem))
  const records = await Promise.all(
    Array.from({ length: RECORDS }, async (_, i) => signRecord(keys[i % USERS]!, hashes[i % USERS]!, ADDRESS, date(i)))
  )
  const updates = records.map((record): Message => ({ type: 'update', record, depth: 3, checked: [] }))
  const searches = records.map((sender, i): Message => ({
    type: 'search',
    target: hashes[(i + 1) % USERS]!,
    sender,
    depth: 3,
    checked: []
  }))
  const file = join(folder, 'requests')
  writeFileSync(file, [...updates, ...searches].map((each) => `${JSON.stringify(encodeText(each))}\n`).join(''))
  return { updates, searches, file }
}

/** Each some microseconds after the one before */
function date(i: number): string {
  return `2024-01-01 00:00:${String(Math.floor(i / 1_000)).padStart(2, '0')}.${String((i % 1_000) + 1).padStart(6, '0')}`
}

let databases = 0

function runPython(kind: string, { file }: Requests, folder: string, seconds: number): { rate: number; error: string } {
  const database = join(folder, `python-${databases++}.db`)
  const { stdout, stderr, error } = spawnSync('python3', [SCRIPT, kind, file, database, String(seconds)], {
    encoding: 'utf8'
  })
  const last = error?.message ?? stderr.trim().split('\n').at(-1) ?? ''
  return { rate: stdout ? Number(stdout) : Number.NaN, error: last }
}

function pythonSubject(kind: 'update' | 'search', requests: Requests, folder: string): Subject {
  return {
    name: `Python, ${kind.toUpperCase()}`,
    measure: async () => runPython(kind, requests, folder, PYTHON_SECONDS).rate
  }
}

/** Why it cannot be compared with */
function pythonProblem(requests: Requests, folder: string): string | undefined {
  const { rate, error } = runPython('search', requests, folder, 0.01)
  return Number.isNaN(rate) ? `python3 with the packages sqlite3 and rsa is needed: ${error}` : undefined
}

/** A node with a book on disk, a peer that asks and a peer that is passed on to; in each round all three anew */
function nodeSubject(kind: 'update' | 'search', requests: Requests, folder: string): Subject {
  return {
    name: `protocol-cup2py, ${kind.toUpperCase()}`,
    measure: async () => {
      const setup = await Setup.create(join(folder, `node-${databases++}.db`))

      try {
        if (kind === 'search') {
          // so that all who are searched for are held
          await setup.run(requests.updates.slice(0, USERS), 'update')
        }

        return await setup.run(requests[kind === 'update' ? 'updates' : 'searches'], kind)
      } finally {
        await setup.stop()
      }
    }
  }
}

/** No node handles more requests than it can check signatures, which Python does not check in a SEARCH */
function verifying({ updates }: Requests): Subject {
  return {
    name: 'the bound: checking a signature',
    measure: async () => {
      const verifier = new RecordVerifier({})
      const start = performance.now()
      let count = 0

      for (; performance.now() - start < MEASURE_TIME; count += IN_FLIGHT) {
        const batch = Array.from({ length: IN_FLIGHT }, (_, i) => updates[(count + i) % updates.length]!)
        await Promise.all(batch.map(async (update) => verifier.verify(recordIn(update))))
      }

      return count / ((performance.now() - start) / 1_000)
    }
  }
}

class Setup {
  private readonly asking: Stream
  private readonly answers: Answers
  readonly stop: () => Promise<void>

  private constructor(asking: Stream, answers: Answers, stop: () => Promise<void>) {
    this.asking = asking
    this.answers = answers
    this.stop = stop
  }

  static async create(path: string): Promise<Setup> {
    const service = cup2py({
      key: await generateUser(),
      addressBook: new SqliteBook(path),
      republish: false,
      authorInterval: 0,
      requestRate: 1_000_000,
      verifyRate: 1_000_000
    })
    const [asker, node, sink] = await Promise.all([
      createLibp2p(hostOptions()),
      createLibp2p({ ...hostOptions(), services: { identify: identify(), cup2py: service } }),
      createLibp2p(hostOptions())
    ])
    const answers: Answers = { onSink: () => {}, onAsker: () => {} }
    await sink.handle(PROTOCOL, (stream) => listen(stream, (message) => answers.onSink(message)))
    await node.services.cup2py.add(await recordOf(await generateUser(), sink.getMultiaddrs()[0]!.toString()))
    await node.dial(sink.getMultiaddrs())
    // its stream is open before the first request: few may wait for it
    const met = new Promise<unknown>((resolve) => (answers.onSink = resolve))
    await node.services.cup2py.publish({ depth: 0 })
    await met
    const stream = await asker.dialProtocol(node.getMultiaddrs(), PROTOCOL)
    listen(stream, (message) => answers.onAsker(message))
    return new Setup(stream, answers, async () => stopAll([asker, node, sink]))
  }

  /**
   * For a second, 64 at once, none of them sent before all but the last 64 are done: of two updates of one user the
   * older must not come second.
   *
   * @returns how many a second: updates that were passed on, searches that were answered
   */
  async run(messages: readonly Message[], kind: 'update' | 'search'): Promise<number> {
    const frames = messages.map((message) => framed(varintPrefix, encode(message)))
    const start = performance.now()
    // by date, which is each one's own
    const waiting = new Map<string, number>()
    let [sent, last] = [0, start]
    const sendMore = (): void => {
      const oldest = (): number => waiting.values().next().value ?? sent

      while (sent < frames.length && sent - oldest() < IN_FLIGHT && performance.now() - start < MEASURE_TIME) {
        waiting.set(recordIn(messages[sent]!).date, sent)
        this.asking.send(frames[sent++]!)
      }
    }
    const done = (which: string | undefined): void => {
      if (which !== undefined && waiting.delete(which)) {
        last = performance.now()
        sendMore()
      }
    }
    this.answers.onSink = (message) => kind === 'update' && message.type === 'update' && done(message.record.date)
    // an answer does not say to which search of its asker it belongs
    this.answers.onAsker = () => done(waiting.keys().next().value)
    sendMore()
    const isOver = (): boolean => sent === frames.length || performance.now() - start >= MEASURE_TIME
    await until(`${kind}: an answer to each`, () => isOver() && waiting.size === 0, PATIENCE)
    return sent / ((last - start) / 1_000)
  }
}

interface Answers {
  onSink: (message: Message) => unknown
  onAsker: (message: Message) => unknown
}

function recordIn(message: Message): UserRecord {
  return message.type === 'update' ? message.record : message.sender
}

function listen(stream: Stream, onMessage: (message: Message) => void): void {
  const splitter = new FrameSplitter(varintPrefix, MAX_FRAME)
  stream.addEventListener('message', ({ data }) => {
    for (const part of data instanceof Uint8Array ? [data] : data) {
      splitter.push(part, (frame) => {
        onMessage(decode(frame))
        return true
      })
    }
  })
}

async function recordOf(key: RsaPrivateKey, address: string): Promise<UserRecord> {
  return signRecord(key, userHash(key.publicKey.pkcs1Pem), address, date(0))
}
