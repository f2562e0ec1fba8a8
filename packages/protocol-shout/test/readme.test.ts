import { shoutDefaults, shoutRanges } from '@hearsay/protocol-shout'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ExampleApp, rangeShown, Readme } from '../../protocol-core/test/shared/readme.ts'
import { Hosts } from './hosts.ts'

const readme = new Readme(import.meta.dirname)
const example = readme.examples[0]!
const app = new ExampleApp()
const hosts = new Hosts()

// the benchmark has all that the example imports
beforeAll(async () => app.create('benchmark/node_modules'))
afterEach(async () => hosts.stop())
afterAll(async () => app.remove())

describe('the example', () => {
  it('compiles', async () => {
    expect(await app.compile(example)).toBe('')
  }, 60_000)

  it('runs: it listens, and shouts to nobody yet', async () => {
    const more = "\nconsole.info('ready', node.getMultiaddrs().length > 0, service.peers)"
    expect(await app.run(example + more)).toEqual({ said: 'ready true []\n', code: 0 })
  }, 60_000)
})

/** What a cell has in code font */
function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
}

function shown(value: number | string | boolean | readonly string[]): string {
  return typeof value === 'number'
    ? value.toLocaleString('en')
    : typeof value === 'string'
      ? `'${value}'`
      : Array.isArray(value)
        ? value.join(', ')
        : String(value)
}

describe('the table of options', () => {
  const rows = readme.options()
  /** They are no number and no text */
  const others = ['key', 'relayShout', 'forwardSpeak', 'compressors']

  it('names every option, and no other', () => {
    expect(rows.map(([name]) => name).toSorted()).toEqual([...Object.keys(shoutDefaults), ...others].toSorted())
  })

  it.each(rows.filter(([name]) => !others.includes(name)))('has the default of %s, and its range', (...row) => {
    const [name, value, range] = row
    expect(value).toBe(shown(shoutDefaults[name as keyof typeof shoutDefaults]))
    expect(range).toContain(rangeShown(shoutRanges[name as keyof typeof shoutRanges]))
  })
})

it('the table of methods has those there are', async () => {
  const host = await hosts.create()
  const names = readme.table('Methods').flatMap(([call]) => codeIn(call!).map((code) => code.split('(')[0]!))
  expect(names.length).toBeGreaterThan(10)
  const service = host.services.shout as unknown as Record<string, unknown>
  expect(names.filter((name) => typeof service[name] !== 'function')).toEqual([])
})

it('the table of events has those there are', () => {
  const names = readme.table('Events').flatMap(([cell]) => codeIn(cell!))
  expect(names).toEqual(['shout', 'speak', 'whisper', 'custom', 'peer', 'peer:closed', 'key-change', 'key-conflict'])
})
