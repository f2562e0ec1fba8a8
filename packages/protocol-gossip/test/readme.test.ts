import { gossipDefaults, gossipRanges } from '@hearsay/protocol-gossip'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ExampleApp, rangeShown, Readme } from '../../protocol-core/test/shared/readme.ts'

const readme = new Readme(import.meta.dirname)
const example = readme.examples[0]!
const app = new ExampleApp()

// the node has all that the example imports
beforeAll(async () => app.create('packages/node/node_modules'))
afterAll(async () => app.remove())

describe('the example', () => {
  it('compiles', async () => {
    expect(await app.compile(example)).toBe('')
  }, 60_000)

  it('runs: it listens, and takes an announce of its own', async () => {
    const more = "\nconsole.info('ready', node.getMultiaddrs().length > 0, node.services.gossip.ready)"
    expect(await app.run(example + more)).toEqual({ said: 'ready true true\n', code: 0 })
  }, 60_000)
})

describe('the table of options', () => {
  const rows = readme.options()

  it('names every option, and no other', () => {
    expect(rows.map(([name]) => name).toSorted()).toEqual(Object.keys(gossipDefaults).toSorted())
  })

  it.each(rows)('has the default of %s, and its range', (name, value, range) => {
    const actual = gossipDefaults[name as keyof typeof gossipDefaults]
    const shown =
      typeof actual === 'number'
        ? actual.toLocaleString('en')
        : actual === undefined
          ? '–'
          : JSON.stringify(actual).replaceAll('"', "'").replaceAll(',', ', ')
    expect(value).toBe(shown)
    expect(range).toContain(rangeShown(gossipRanges[name as keyof typeof gossipRanges]))
  })
})

it('the table of events has those there are', () => {
  expect(readme.table('Events').map(([name]) => name)).toEqual([
    '`message`',
    '`peer:verified`',
    '`peer:lost`',
    '`peer:closed`',
    '`ready`'
  ])
})
