import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { problemOf } from '../src/vectors/case.ts'
import { vectors } from '../src/vectors/command.ts'
import { fileText, generate } from '../src/vectors/generate/all.ts'
import { checkVector } from '../src/vectors/messages/check.ts'
import { readers } from '../src/vectors/messages/readers.ts'
import { readVector } from '../src/vectors/messages/vector.ts'
import { readVectorFile } from '../src/vectors/read-file.ts'
import { hashProblems, isOriginal, ownFiles } from '../src/vectors/spec-hashes.ts'
import type { Vector } from '../src/vectors/messages/vector.ts'

const PATIENCE = 120_000
const files = ownFiles()
  .filter((path) => !isOriginal(path))
  .map((path) => {
    const text = readFileSync(path, 'utf8')
    return {
      name: basename(path),
      path,
      text,
      all: (JSON.parse(text) as Vector[]).map((each) => readVector({ ...each }))
    }
  })
const folder = mkdtempSync(join(tmpdir(), 'hearsay-vectors-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What each protocol and dialect has, as the names of its cases begin */
const MESSAGES: Readonly<Record<string, readonly string[]>> = {
  'gossip.json': ['ANNOUNCE', 'DISCOVERY', 'OFFER', 'INFO', 'CHALLENGE', 'VERIFICATION', 'VALIDATION'],
  'gossip-midterm.json': ['ANNOUNCE', 'DISCOVERY', 'OFFER', 'INFO'],
  'gossip-p2p.json': ['INIT', 'VERIFY', 'OK', 'ANNOUNCE'],
  'gossip-api.json': ['ANNOUNCE', 'NOTIFY', 'NOTIFICATION', 'VALIDATION'],
  'gossip-proofs.json': ['24 bits', '16 bits'],
  'dht-api.json': ['PUT', 'GET', 'SUCCESS', 'FAILURE'],
  'dht-records.json': ['a plain key', 'an owned key'],
  'cup2py.json': ['UPDATE', 'SEARCH'],
  'shout.json':
    'ACK NACK PING SET_CONNECTION_OPT ANNOUNCE CHANGE_KEY SHOUT SPEAK WHISPER FIND_NODE FIND_VALUE STORE CUSTOM'.split(
      ' '
    )
}

describe('the vectors of messages', () => {
  it('are there for each message of each protocol and dialect', () => {
    expect(files.map(({ name }) => name).toSorted()).toEqual(Object.keys(MESSAGES).toSorted())
    expect(files.map(({ name }) => name).toSorted()).toEqual(Object.keys(readers).toSorted())

    for (const { name, all } of files) {
      const right = all.filter(({ ok }) => ok).map((vector) => vector.name.replace('original: ', ''))
      const missing = MESSAGES[name]!.filter(
        (message) => !right.some((each) => `${each},`.replaceAll(',', ' ').startsWith(`${message} `))
      )
      expect([name, missing]).toEqual([name, []])
    }
  })

  it.each(files)('are at least as often to be refused as to be understood: $name', ({ all }) => {
    const right = all.filter(({ ok }) => ok).length
    expect(right).toBeGreaterThan(0)
    expect(all.length - right).toBeGreaterThanOrEqual(right)
    expect(new Set(all.map(({ name, hex, text }) => `${name} ${hex ?? text}`)).size).toBe(all.length)
  })

  it('are what the command generates, each time', { timeout: PATIENCE }, async () => {
    const generated = await generate()
    expect(Object.keys(generated).toSorted()).toEqual(files.map(({ name }) => name).toSorted())
    // compared as a whole, so that a failure prints no megabytes
    const parted = files.filter(({ name, text }) => fileText(generated[name]!) !== text).map(({ name }) => name)
    expect(parted, 'run "npx -y pnpm@12 vectors --generate"').toEqual([])
  })

  it('have their SHA-256 in the specifications, as those of the originals have', () => {
    expect(hashProblems(), 'run "npx -y pnpm@12 vectors --generate"').toEqual([])
  })

  it.each(files)('are what our packages do: $name', { timeout: PATIENCE }, async ({ path }) => {
    const problems = []

    for (const each of (await readVectorFile(path)).cases) {
      const problem = await problemOf(each)
      problems.push(...(problem === undefined ? [] : [`${each.name}: ${problem}`]))
    }

    expect(problems).toEqual([])
  })
})

/** Everything about it that can be wrong, once each */
function mutants(vector: Vector): Vector[] {
  const { name, hex, text, fields = {}, ok, errorName } = vector

  if (ok !== true) {
    const other = errorName === 'DecodeError' ? 'KeyError' : 'DecodeError'
    const { errorName: _name, ...taken } = vector
    return [
      { ...vector, errorName: other },
      { ...taken, fields, ok: true }
    ]
  }

  const bytes =
    hex === undefined
      ? { name, text: `${text!.slice(0, -1)}1` }
      : { name, hex: hex.slice(0, -1) + flipped(hex.at(-1)!) }
  const { ok: _ok, ...known } = vector
  return [
    { ...bytes, fields, ok },
    { ...known, errorName: 'DecodeError' },
    { ...vector, fields: { ...fields, surprise: 1 } },
    ...Object.keys(fields).map((key) => ({ ...vector, fields: { ...fields, [key]: null } }))
  ]
}

function flipped(digit: string): string {
  return (Number.parseInt(digit, 16) ^ 1).toString(16)
}

describe.each(files)('$name', ({ name, all }) => {
  it('fails when anything in it is altered', { timeout: PATIENCE }, async () => {
    const unnoticed: string[] = []

    for (const [at, vector] of all.entries()) {
      for (const mutant of mutants(vector)) {
        const noticed = await checkVector(readers[name]!, mutant).then(
          () => false,
          () => true
        )

        if (!noticed) {
          unnoticed.push(`[${at}] ${JSON.stringify(mutant).slice(0, 200)}`)
        }
      }
    }

    expect(unnoticed).toEqual([])
  })
})

describe('the schema', () => {
  const good = { name: 'a', hex: '000401f9', fields: { size: 4, type: 505 }, ok: true }

  it.each([
    [{ ...good, name: 1 }, 'name must be a string'],
    [{ ...good, text: 'x' }, 'it must have hex or text'],
    [{ name: 'a', fields: {}, ok: true }, 'it must have hex or text'],
    [{ ...good, errorName: 'DecodeError' }, 'it must have ok or errorName'],
    [{ name: 'a', hex: '' }, 'it must have ok or errorName'],
    [{ ...good, ok: false }, 'must say so by true'],
    [{ name: 'a', hex: '', ok: true }, 'and have fields'],
    [{ name: 'a', hex: '', errorName: 'TypeError' }, 'errorName must be one of'],
    [{ ...good, label: 'x' }, 'label: the schema has no such property'],
    [{ ...good, hex: '0G' }, 'hex must be bytes']
  ])('is kept: %j', async (entry, message) => {
    const path = join(folder, 'gossip.json')
    writeFileSync(path, JSON.stringify([good, entry]))
    const lines: string[] = []
    expect(await vectors([path], (line) => lines.push(line))).toBe(1)
    expect(lines.filter((line) => line.includes('FAILED'))).toEqual([expect.stringContaining(message)])
    expect(lines.at(-1)).toBe('1 passed, 1 failed')
  })

  it('is in no empty file', async () => {
    const path = join(folder, 'shout.json')
    writeFileSync(path, '[]')
    const lines: string[] = []
    expect(await vectors([path], (line) => lines.push(line))).toBe(1)
    expect(lines.at(-1)).toBe('0 passed, 1 failed')
  })
})
