/** Records of users: who is where. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { CommandError, numberOf, table, UsageError } from '../command.ts'
import { printable } from '../text.ts'
import type { ControlClient } from '../../control/client.ts'
import type { Exported, Found, Imported, Published, RecordAnswer, Records } from '../../control/routes/cup2py.ts'
import type { CommandSpec } from '../command.ts'

/** In ms */
const SEARCH_TIMEOUT = 40_000
/** Of records in one request; the node takes 128 KiB */
const MAX_BATCH = 96 * 1_024
/** Longest file, of 100,000 records of the largest keys */
const MAX_FILE_BYTES = 256 * 2 ** 20
const FAILURE = 'the node did not answer, or has cup2py turned off'

export const recordPublish: CommandSpec = {
  name: 'record publish',
  summary: 'sign our record anew, with where we are, and tell the users we know',
  options: [['--depth <hops>', 'how far it is passed on, 0–16 (default 3)']],
  examples: [['', 'a node does so itself at the start, and when its addresses change']],
  failure: FAILURE,
  asksNode: true,
  run: async ({ connect, options, print }) => {
    const depth = numberOf('--depth', String(options['depth'] ?? 3), 16)
    const answer = await (await connect()).post<Published>('/v1/cup2py/publications', { depth })
    print(answer, `${textOf(answer.record)}\ntold to ${answer.users} users`)
  }
}

export const recordSearch: CommandSpec = {
  name: 'record search',
  summary: 'look for the newest record of a user, from book to book',
  args: [['<user>', 'its hash; or the first digits of one that is in the address book']],
  options: [['--depth <hops>', 'how far it is passed on, 1–16 (default 7)']],
  examples: [['4a94375b', 'takes some seconds; ends once nothing newer comes']],
  failure: 'no record was found',
  asksNode: true,
  run: async ({ connect, args: [user], options, print, progress }) => {
    const depth = numberOf('--depth', String(options['depth'] ?? 7), 16)
    const client = await connect()
    const hash = await wholeHash(client, user!)
    progress(`searching for ${hash}`)
    const answer = await client.post<Found>('/v1/cup2py/searches', { user: hash, depth }, SEARCH_TIMEOUT)
    const { messages, peersAsked, answers } = answer.cost
    const cost = `asked ${peersAsked} peers with ${messages} messages, ${answers} answers`
    print(answer, answer.record === null ? `nothing was found; ${cost}` : `${textOf(answer.record)}\n${cost}`)
    return answer.record === null ? 1 : 0
  }
}

export const recordList: CommandSpec = {
  name: 'record list',
  summary: 'who is in the address book',
  args: [['[prefix]', 'only those whose hash begins so']],
  options: [['--limit <n>', 'at most so many, 1–1000 (default 100)']],
  examples: [
    ['', 'a line for each user'],
    ["--json | jq -r '.records[].address'", 'where they are']
  ],
  failure: FAILURE,
  asksNode: true,
  run: async ({ connect, args: [prefix = ''], options, print }) => {
    const limit = numberOf('--limit', String(options['limit'] ?? 100), 1_000)
    const client = await connect()
    const query = `prefix=${encodeURIComponent(prefix)}&limit=${limit}`
    const answer = await client.get<Records>(`/v1/cup2py/records?${query}`)
    const rows = answer.records.map(({ hash, date, address }) => [hash, printable(date), printable(address)])
    const more = answer.users > rows.length && prefix === '' ? [`${rows.length} of ${answer.users} (--limit)`] : []
    const lines = rows.length === 0 ? 'nobody' : table(['user', 'date', 'address'], rows)
    print(answer, [lines, ...more, `we are ${answer.own}`].join('\n'))
  }
}

export const recordExport: CommandSpec = {
  name: 'record export',
  summary: 'write all records of the address book and our own, one a line',
  options: [['--out <file>', 'a new file; stdout if not given']],
  examples: [['--out book.txt', 'for record import, there or elsewhere']],
  failure: 'the file exists, or the node did not answer',
  asksNode: true,
  run: async ({ connect, options, print, write, progress }) => {
    const out = options['out'] as string | undefined
    const client = await connect()

    if (out !== undefined && existsSync(out)) {
      throw new CommandError(`${out} exists: give another name, or move it away`)
    }

    progress('reading the address book')
    const all = await exported(client)
    // line feeds of the keys would end the line
    const text = all.map((record) => `${JSON.stringify(record)}\n`).join('')

    if (out === undefined) {
      await write(text)
    } else {
      const { writeWhole } = await import('../../whole-file.ts')
      await writeWhole(out, text)
      print({ records: all.length, file: out }, `${all.length} records are in ${out}`)
    }
  }
}

export const recordImport: CommandSpec = {
  name: 'record import',
  summary: 'take records that record export wrote; each is verified',
  args: [['<file>', 'a record a line']],
  examples: [['book.txt', 'says how many were news']],
  failure: 'the file cannot be read, or a record is refused',
  asksNode: true,
  run: async ({ connect, args: [file], print, progress }) => {
    const client = await connect()
    const texts = await recordsIn(file!)
    const refused: { line: number; message: string }[] = []
    let taken = 0
    progress(`checking ${texts.length} records`)

    for (const { start, part } of batches(texts)) {
      const answer = await client.post<Imported>('/v1/cup2py/import', { records: part }, SEARCH_TIMEOUT)
      taken += answer.taken
      refused.push(...answer.refused.map(({ index, message }) => ({ line: start + index + 1, message })))
    }

    const lines = refused.map(({ line, message }) => `line ${line}: ${printable(message)}`)
    print({ records: texts.length, taken, refused }, [`${taken} of ${texts.length} were news`, ...lines].join('\n'))
    return refused.length === 0 ? 0 : 1
  }
}

async function exported(client: ControlClient): Promise<string[]> {
  const all: string[] = []
  let offset: number | null = 0

  while (offset !== null) {
    const part: Exported = await client.get<Exported>(`/v1/cup2py/export?offset=${offset}`)
    all.push(...part.records)
    offset = part.next
  }

  return all
}

async function recordsIn(file: string): Promise<string[]> {
  const content = await readFile(file).catch((err: Error) => {
    throw new CommandError(`cannot read ${file}: ${err.message}`, { cause: err })
  })

  if (content.byteLength > MAX_FILE_BYTES) {
    throw new CommandError(
      `${file} has ${content.byteLength} bytes, and no address book has more than ${MAX_FILE_BYTES}`
    )
  }

  const lines = content.toString('utf8').split(/\r?\n/)
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [recordIn(line, `line ${index + 1} of ${file}`)]))
}

function recordIn(line: string, where: string): string {
  try {
    const text: unknown = JSON.parse(line)

    if (typeof text === 'string') {
      return text
    }
  } catch {
    // told below
  }

  throw new CommandError(`${where} is no record that "hearsay record export" wrote`)
}

/** As many as go into one request */
function* batches(texts: readonly string[]): Generator<{ start: number; part: string[] }> {
  let [start, size, part] = [0, 0, [] as string[]]

  for (const [index, text] of texts.entries()) {
    const bytes = Buffer.byteLength(JSON.stringify(text)) + 1

    if (part.length > 0 && (size + bytes > MAX_BATCH || part.length === 256)) {
      yield { start, part }
      ;[start, size, part] = [index, 0, []]
    }

    size += bytes
    part.push(text)
  }

  if (part.length > 0) {
    yield { start, part }
  }
}

async function wholeHash(client: ControlClient, user: string): Promise<string> {
  if (/^[\da-f]{64}$/i.test(user)) {
    return user.toLowerCase()
  } else if (!/^[\da-f]{4,63}$/i.test(user)) {
    throw new UsageError(`a user is known by 64 hexadecimal digits, or the first 4 or more: ${JSON.stringify(user)}`)
  }

  return (await client.get<RecordAnswer>(`/v1/cup2py/records/${user.toLowerCase()}`)).hash
}

function textOf({ hash, address, date }: RecordAnswer): string {
  return `${hash}\nis at ${printable(address)}\nas of ${printable(date)}`
}
