import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { problemOf } from '../src/vectors/case.ts'
import { vectors } from '../src/vectors/command.ts'
import { isObject } from '../src/vectors/json.ts'
import { readVectorFile, recognise } from '../src/vectors/read-file.ts'
import { casesOf } from '../src/vectors/sections.ts'
import { isOriginal, ownFiles } from '../src/vectors/spec-hashes.ts'
import type { Case, Sections } from '../src/vectors/case.ts'
import type { Json, JsonObject } from '../src/vectors/json.ts'

const COMMAND = fileURLToPath(new URL('../vectors.ts', import.meta.url))
const CLOSING_LINE = /^\d+ passed, \d+ failed$/
/** In ms; the smallest nonces of 24 bits take seconds to find */
const PATIENCE = 120_000

const folder = mkdtempSync(join(tmpdir(), 'hearsay-vectors-'))
afterAll(() => rmSync(folder, { recursive: true }))

const all = await Promise.all(
  ownFiles().map(async (path) => ({ path, name: basename(path), ...(await readVectorFile(path)) }))
)
/** With sections; the others are in message-vectors.test.ts */
const own = all.filter(({ path }) => isOriginal(path)).map((file) => ({ ...file, content: read(file.path) }))

function read(path: string): JsonObject {
  return JSON.parse(readFileSync(path, 'utf8')) as JsonObject
}

function write(content: Json | string): string {
  const path = join(folder, `${crypto.randomUUID()}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

interface Outcome {
  code: number
  lines: string[]
  last: string | undefined
}

async function command(...args: string[]): Promise<Outcome> {
  const lines: string[] = []
  const code = await vectors(args, (line) => lines.push(...line.split('\n')))
  return { code, lines, last: lines.at(-1) }
}

/** What the command says about a file with this in it */
async function outcomeOf(content: Json | string): Promise<Outcome> {
  return command(write(content))
}

function failed({ lines }: Outcome): string[] {
  return lines.filter((line) => line.includes('FAILED'))
}

/** The names of the sections with cases, with those within `pow` */
function sectionsOf(content: JsonObject): string[] {
  return Object.entries(content).flatMap(([name, section]) => {
    const inner = isObject(section) && name === 'pow' ? Object.keys(section).map((each) => `${name}.${each}`) : [name]
    return inner.filter((each) =>
      casesOf(only(content, each), tableOf(content)).some((found) => found.check && found.name.startsWith(each))
    )
  })
}

function tableOf(content: JsonObject): Sections {
  return recognise(content).sections
}

/** What another section of its file refers to */
const SIBLINGS = ['batch_of_3']

/** The file with one section, and what that refers to */
function only(content: JsonObject, section: string): JsonObject {
  const [outer = '', inner] = section.split('.')

  if (inner === undefined) {
    // the others are there and empty, so that it is known whose file it is
    const empty = Object.keys(content).map((name) => (Array.isArray(content[name]) ? { [name]: [] } : {}))
    const siblings = ['keys', ...SIBLINGS].filter((name) => name !== outer).map((name) => pick(content, name))
    return structuredClone(Object.assign({}, ...empty, ...siblings, pick(content, outer)) as JsonObject)
  }

  const within = content[outer] as JsonObject
  const { sameVectorsAs } = isObject(within[inner]) ? within[inner] : {}
  return structuredClone({ [outer]: { ...pick(within, inner), ...pick(within, sameVectorsAs as string | undefined) } })
}

function pick(content: JsonObject, name: string | undefined): JsonObject {
  return name !== undefined && Object.hasOwn(content, name) ? { [name]: content[name]! } : {}
}

/** Paths to all that is neither array nor object */
function leaves(value: Json, path: string[] = []): string[][] {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
    : [path]
}

/** Changes one character, or one number, in place */
function alter(content: JsonObject, path: string[]): void {
  const holder = path.slice(0, -1).reduce((value, key) => value[key] as JsonObject, content)
  holder[path.at(-1)!] = altered(holder[path.at(-1)!]!)
}

function altered(value: Json): Json {
  switch (typeof value) {
    case 'string': {
      const at = value.length >> 1
      return `${value.slice(0, at)}${value[at] === '1' ? '2' : '1'}${value.slice(at + 1)}`
    }
    case 'number':
      return 2 * value + 1
    case 'boolean':
      return !value
    default:
      return ''
  }
}

/** What tells a person something, and a program nothing */
const REMARKS = new Set(['label', 'note', 'source', 'origin', 'rule', 'figure', 'referenceParser', 'wrongPasswordNote'])
/** Names that others refer to, text for people, and numbers another of which would be as true */
const PROSE_OF_SHOUT = [
  /^(keys\.\d+\.name|distance\.proposed\.\d+\.[ab])$/,
  /^negative\.\d+\.(transmission|expect|rawLength)$/,
  /^formulas\.(hub_)?lag\.values\.\d+\.[ln]$/,
  /^compression\.3\.method$/,
  /^encryption\.(scheme|aadFormula)$/
]
const ABOUT_THE_ORIGINAL = /^original(Parser|Result|Raises)$/

/** Whether a change of this makes a difference: rubbish remains rubbish, of that only the verdict counts */
function matters(path: string[], content: JsonObject): boolean {
  const key = path.at(-1)!
  const entry = path.slice(0, -1).reduce((value, each) => value[each] as JsonObject, content)

  if (path.some((each) => REMARKS.has(each) || ABOUT_THE_ORIGINAL.test(each))) {
    return false
  } else if (path.some((each) => each === 'edges' || each === 'directedEdges')) {
    // another edge may well cost the same
    return false
  } else if (PROSE_OF_SHOUT.some((pattern) => pattern.test(path.join('.')))) {
    return false
  } else if (key === 'message' && 'localHash' in entry) {
    return entry['result'] !== null || entry['addressBookChanged'] === true
  } else if ('initHex' in entry) {
    return entry['valid'] === true ? key !== 'expected' : key === 'valid' || key === 'okHex'
  }

  const isRubbish = entry['valid'] === false || entry['plaintext'] === null || 'expected' in entry
  return !isRubbish || key === 'valid' || key === 'plaintext' || key === 'expected'
}

/** The case that a path is in, or the first of a section whose own property it is */
function caseAt(content: JsonObject, path: string[]): Case {
  const [outer = '', second = ''] = path
  const cases = casesOf(content, tableOf(content))
  const entry = isIndex(second) ? `${outer}[${second}]` : `${outer}.${second}`
  const names = path.map((_, i) =>
    path.slice(0, i + 1).reduce((name, key) => name + (isIndex(key) ? `[${key}]` : `.${key}`))
  )
  const within = names.toReversed().map((at) => cases.find(({ name }) => `${name} `.startsWith(`${at} `)))
  return within.find((found) => found !== undefined) ?? cases.find(({ name }) => name.startsWith(`${entry}.`))!
}

function isIndex(key: string): boolean {
  return /^\d+$/.test(key)
}

describe.each(own)('$name', ({ cases }) => {
  it.each(cases.filter(({ check }) => check !== undefined))('$name', { timeout: PATIENCE }, async (each) => {
    expect(await problemOf(each)).toBeUndefined()
  })
})

const sections = own.flatMap(({ name, content }) =>
  sectionsOf(content).map((section) => ({
    name,
    section,
    content,
    checked: leaves(only(content, section)).filter(
      (path) =>
        path.join('.').startsWith(`${section}.`) && matters(path, content) && caseAt(content, path).check !== undefined
    )
  }))
)

describe.each(sections)('$name $section', ({ section, content, checked }) => {
  it('fails when anything in it is altered', { timeout: PATIENCE }, async () => {
    const unnoticed = []

    for (const path of checked) {
      const mutant = only(content, section)
      alter(mutant, path)

      if ((await problemOf(caseAt(mutant, path))) === undefined) {
        unnoticed.push(path.join('.'))
      }
    }

    expect(checked.length).toBeGreaterThan(0)
    expect(unnoticed).toEqual([])
  })

  it('has the command name a case that was altered', { timeout: PATIENCE }, async () => {
    const mutant = only(content, section)
    const path = checked.find((each) => /hex$|Hex$|data$|ciphertext$|spki$/.test(each.at(-1)!)) ?? checked[0]!
    alter(mutant, path)
    const outcome = await outcomeOf(mutant)
    expect(failed(outcome)).toContainEqual(expect.stringContaining(`.json ${caseAt(mutant, path).name}: `))
    expect(outcome.last).toMatch(/^\d+ passed, [1-9]\d* failed$/)
    expect(outcome.code).toBe(1)
  })
})

describe('the command', () => {
  const frame = {
    label: 'a frame',
    hex: '000801f500000539',
    fields: { size: 8, type: 501, reserved: 0, dataType: 1337 }
  }

  it('checks the files of the project, and ends with one closing line', { timeout: PATIENCE }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@hearsay/source', COMMAND], {
      encoding: 'utf8'
    })
    const lines = stdout.trimEnd().split('\n')
    // and the sums in the specifications
    const count = 1 + all.flatMap(({ cases }) => cases.filter(({ check }) => check !== undefined)).length
    expect(stderr).toBe('')
    expect(lines.filter((line) => CLOSING_LINE.test(line))).toEqual([`${count} passed, 0 failed`])
    expect(lines.at(-1)).toBe(`${count} passed, 0 failed`)
    expect(status).toBe(0)
  })

  it('exits with 1 when a case fails', () => {
    const path = write({ api: [{ ...frame, hex: '000801f500000538' }] })
    const { status, stdout } = spawnSync(process.execPath, ['--conditions=@hearsay/source', COMMAND, path], {
      encoding: 'utf8'
    })
    expect(stdout).toMatch(/FAILED .* api\[0\] a frame: dataType is 1336, and must be 1337\n0 passed, 1 failed\n$/)
    expect(status).toBe(1)
  })

  it('counts all files together', async () => {
    const [good, bad] = [write({ api: [frame, frame] }), write({ api: [{ ...frame, hex: '00' }] })]
    expect(await command(good, bad)).toMatchObject({ code: 1, last: '2 passed, 1 failed' })
    expect(await command(good, good)).toMatchObject({ code: 0, last: '4 passed, 0 failed' })
  })

  it('lists what is not ours', async () => {
    const notOurs = ['about', 'types', 'layouts', 'limits', 'api_limits', 'facts', 'resolutions', 'g2_final_code']
    const others = ['dialogs', 'kademlia', 'node_ids']
    const content: JsonObject = {
      api: [frame],
      pow: { g2_final_code: {}, seconds: 28.4, remark: 'a text', nothing: null }
    }
    ;[...notOurs, ...others].forEach((name) => (content[name] = [{ surprising: true }]))
    content['captured'] = [{ source: 'G2 final code, live', announce: '00' }]
    const { code, lines, last } = await outcomeOf(content)
    const listed = lines
      .find((line) => line.includes('not ours:'))!
      .split('not ours: ')[1]!
      .split('; ')
    expect(listed.toSorted()).toEqual(
      [
        ...notOurs,
        ...others,
        'pow.g2_final_code',
        'pow.seconds',
        'pow.remark',
        'pow.nothing',
        'captured[0] G2 final code, live'
      ].toSorted()
    )
    expect([code, last]).toEqual([0, '1 passed, 0 failed'])
  })

  it.each([
    ['api_malformed', '000801f500000539'],
    ['g1_final_malformed', '000401f9'],
    ['g1_midterm_malformed', '000801fb00001771'],
    ['g2_document_malformed', '000401fa']
  ])('fails when nothing is wrong in %s', async (section, hex) => {
    const good = { label: 'good', hex, expected: 'close the connection' }
    const late = {
      ...good,
      hex: hex + hex,
      expected: `first ${hex.length / 2} bytes are one message, the rest is parsed as the next header`
    }
    const outcome = await outcomeOf({ [section]: [good, { ...good, hex: hex.slice(0, -2) }, late] })
    expect(failed(outcome)).toEqual([
      expect.stringContaining(`${section}[0] good: the number of messages before it was refused is 1, and must be 0`),
      expect.stringContaining(`${section}[1] good: it was not refused: more is waited for`),
      expect.stringContaining(`${section}[2] good: the number of messages before it was refused is 2, and must be 1`)
    ])
  })

  it.each<[JsonObject, string]>([
    [{ api: [frame], surprise: 'a text' }, 'surprise: no package of ours checks this section'],
    [{ api: [frame], surprise: [] }, 'surprise: no package of ours checks this section'],
    [{ api: [frame], types: {}, pow: { surprise: {} } }, 'pow.surprise: no package of ours checks this section'],
    [{ api: [frame], pow: { types: {} } }, 'pow.types: no package of ours checks this section'],
    [{ api: [frame], constructor: {} }, 'constructor: no package of ours checks this section'],
    [{ api: [frame], g1_final: [] }, 'g1_final: the section is empty'],
    [{ api: [frame], g1_final: 'frames' }, 'g1_final: the section must be an array, and is "frames"'],
    [{ api: [frame], pow: [] }, 'pow: the section must be an object, and is []'],
    [{ api: [frame], g1_final: [17] }, 'g1_final[0]: the case must be an object, and is 17'],
    [{ api: [frame], g1_final: [{ label: 'x' }] }, 'g1_final[0] x: hex is missing'],
    [{ api: [frame], api_malformed: [{ hex: '00', expected: 'joy' }] }, 'api_malformed[0]: expected must be "close'],
    [{ api: [frame], captured: [{}] }, 'captured: source is missing'],
    [
      { api: [frame], pow: { g2_document: { bits: 24, sameVectorsAs: 'others' } } },
      'pow.g2_document: the section others is missing'
    ]
  ])('fails a section that is wrong: %j', async (content, message) => {
    const outcome = await outcomeOf(content)
    expect(failed(outcome)).toEqual([expect.stringContaining(`.json ${message}`)])
    expect([outcome.code, outcome.last]).toEqual([1, '1 passed, 1 failed'])
  })

  it.each([
    ['{ "api": [', 'it is not JSON: '],
    ['', 'it is not JSON: '],
    ['[]', 'its JSON is not an object with sections'],
    ['null', 'its JSON is not an object with sections'],
    ['{}', 'unknown format: it has no section of cup2py, dht, gossip, rsa, shout'],
    ['{ "about": "nothing", "types": {} }', 'unknown format: it has no section of cup2py, dht, gossip, rsa, shout'],
    ['{ "api": [], "keys": {} }', 'unknown format: its sections are as much those of gossip as of rsa']
  ])('fails a file that is no vector file: %s', async (text, message) => {
    const outcome = await outcomeOf(text)
    expect(failed(outcome)).toEqual([expect.stringContaining(`.json the file: ${message}`)])
    expect([outcome.code, outcome.last]).toEqual([1, '0 passed, 1 failed'])
    expect(outcome.lines.join('\n')).not.toMatch(/^\s+at /m)
  })

  it.each([
    [join(folder, 'nowhere.json'), 'the file: it does not exist'],
    [folder, 'the file: it is a directory']
  ])('fails a file that cannot be read: %s', async (path, message) => {
    const outcome = await command(path)
    expect(failed(outcome)).toEqual([expect.stringContaining(message)])
    expect([outcome.code, outcome.last]).toEqual([1, '0 passed, 1 failed'])
  })

  it.each(['--help', '-h'])('tells with %s how it is used', async (option) => {
    const { code, lines } = await command(option)
    expect(code).toBe(0)
    expect(lines).toContain('Examples:')
  })

  it('refuses options it does not have', async () => {
    const { code, lines } = await command('--fast')
    expect(code).toBe(2)
    expect(lines).toEqual([expect.stringMatching(/^vectors: Unknown option '--fast'.*--help/)])
  })
})
