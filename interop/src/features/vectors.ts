/** That an implementation makes of the vector files what they say, and notices when they are wrong. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ownFiles } from '../vectors/spec-hashes.ts'
import { expect } from './expect.ts'
import type { Bench } from '../matrix/bench.ts'
import type { Report } from '../matrix/peer-process.ts'

const FOLDER = fileURLToPath(new URL('../../vectors', import.meta.url))
/** In ms: some search for a proof */
const TIMEOUT = 120_000

/** Names of the files there are; those in the form of the originals with their folder */
export function vectorFiles(): string[] {
  return ownFiles().map((path) => relative(FOLDER, path))
}

/** Every case of the sections it checks must pass, and none may be left out */
export async function agrees(bench: Bench, file: string): Promise<void> {
  const report = await run(bench, join(FOLDER, file))
  const checked = sections(report)
  expect('whether it checks anything', checked.length > 0, true)
  expect('the cases that fail', report['failed'], [])
  const content = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Json | Json[]

  for (const [section, count] of checked) {
    expect(`how many cases of ${section} it checks`, count, casesOf(content, section).length)
  }

  bench.note(`${checked.length} sections, ${checked.reduce((sum, [, count]) => sum + count, 0)} cases`)
}

/** Every case is altered, and each must be found */
export async function notices(bench: Bench, file: string): Promise<void> {
  const content = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Json | Json[]
  const checked = sections(await run(bench, join(FOLDER, file))).map(([section]) => section)
  checked.forEach((section) => alter(casesOf(content, section)))
  const path = bench.file(basename(file))
  writeFileSync(path, JSON.stringify(content))
  const failed = new Set(
    ((await run(bench, path))['failed'] as string[]).map((each) => each.slice(0, each.indexOf(':')))
  )
  const cases = checked.flatMap((section) =>
    casesOf(content, section).map((_, at) => `${basename(file)}#${section}[${at}]`)
  )
  expect(
    'altered cases it did not notice',
    cases.filter((each) => !failed.has(each)),
    []
  )
}

async function run(bench: Bench, path: string): Promise<Report> {
  return bench.peer(`vectors-${basename(path)}`, { TASK: 'vectors', VECTORS: path }).result(TIMEOUT)
}

function sections(report: Report): [section: string, count: number][] {
  const checked = Object.entries(Object(report['checked']) as Record<string, number>)
  return checked.map(([name, count]) => [name.slice(name.indexOf('#') + 1), count])
}

type Json = Record<string, unknown>

/** `pow.a` is a section in a section, whose cases are its `vectors`; a file of the one schema is one section */
function casesOf(content: Json | Json[], section: string): Json[] {
  if (Array.isArray(content)) {
    return content
  }

  const [outer = '', ...inner] = section.split('.')
  const found = content[outer]
  return inner.length === 0
    ? (found as Json[])
    : ((found as Record<string, Json>)[inner.join('.')]!['vectors'] as Json[])
}

/** What is right becomes wrong, and what is wrong becomes right */
function alter(cases: Json[]): void {
  for (const each of cases) {
    if ('errorName' in each) {
      delete each['errorName']
      each['ok'] = true
      continue
    }

    for (const [name, value] of Object.entries(each)) {
      if (ALTERED.has(name)) {
        each[name] = altered(value)
      }
    }

    if ('hex' in each && 'expected' in each) {
      each['expected'] = 'first 1 bytes are one message, the rest is parsed as the next header'
    }
  }
}

const ALTERED = new Set([
  'after',
  'hex',
  'text',
  'packetHex',
  'nonceHex',
  'okHex',
  'signedMessage',
  'payloadMsgpackHex',
  'valid',
  'plaintext'
])

/** A text ends in another digit; of nothing it makes something */
function altered(value: unknown): unknown {
  if (typeof value === 'boolean') {
    return !value
  }

  const text = typeof value === 'string' ? value : 'AA=='
  return `${text.slice(0, -1)}${text.endsWith('1') ? '2' : '1'}`
}
