import { cup2pyDefaults, cup2pyRanges } from '@hearsay/protocol-cup2py'
import { tcp } from '@libp2p/tcp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ExampleApp, rangeShown, Readme } from '../../protocol-core/test/shared/readme.ts'
import { addressOf, Hosts, introduce } from './hosts.ts'

const readme = new Readme(import.meta.dirname)
/** A node, and what it is used for */
const [node, use] = readme.examples as [string, string]
const app = new ExampleApp()
const hosts = new Hosts()

// the benchmark has all that the example imports
beforeAll(async () => app.create('benchmark/node_modules'))
afterEach(async () => hosts.stop())
afterAll(async () => app.remove())

describe('the example', () => {
  it('compiles', async () => {
    const given = 'declare const addressOfSomebody: string, hashOfSomebodyElse: string\n'
    expect(await app.compile(node + given + use)).toBe('')
  }, 60_000)

  it('runs by itself, and says who and where it is', async () => {
    const { said, code } = await app.run(node)
    expect(said).toMatch(/^I am [0-9a-f]{64} at \/ip4\/[\d.]+\/tcp\/\d+\/p2p\/\w+\n$/)
    expect(code).toBe(0)
  }, 60_000)

  it('finds somebody whom the one it knows knows', async () => {
    const options = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()] }
    const [known, sought] = [await hosts.create({}, options), await hosts.create({}, options)]
    await introduce(known, sought)
    const given = 'const [addressOfSomebody, hashOfSomebodyElse] = process.argv.slice(2)\n'
    const { said, code } = await app.run(node + given + use, addressOf(known), sought.services.cup2py.hash)
    expect(said.split('\n')[1]).toMatch(`found at ${addressOf(sought)} for `)
    expect(said).toContain(`connected to ${sought.peerId.toString()}`)
    expect(code).toBe(0)
  }, 60_000)
})

describe('the table of options', () => {
  const rows = readme.options()
  // these have no default that is a plain value
  const objects = ['key', 'addressBook', 'dht']

  it('names every option, and no other', () => {
    expect(rows.map(([name]) => name).toSorted()).toEqual([...objects, ...Object.keys(cup2pyDefaults)].toSorted())
  })

  it.each(rows.filter(([name]) => !objects.includes(name)))(
    'has the default of %s, and its range',
    (name, value, range) => {
      const actual = cup2pyDefaults[name as keyof typeof cup2pyDefaults]
      const shown =
        typeof actual === 'number' ? actual.toLocaleString('en') : JSON.stringify(actual).replaceAll('"', "'")
      expect(value).toBe(shown)
      expect(range).toContain(rangeShown(cup2pyRanges[name as keyof typeof cup2pyRanges]))
    }
  )
})

it('the table of events has those there are', () => {
  expect(readme.table('Events').map(([name]) => name)).toEqual(['`record`', '`search:answer`', '`peer:closed`'])
})

it('the table of methods has those there are', async () => {
  const host = await hosts.create({}, { start: false })
  const members = readme.table('Methods').flatMap(([cell]) => [...cell!.matchAll(/`(\w+)/g)].map(([, name]) => name!))
  expect(members.filter((name) => !(name in host.services.cup2py))).toEqual([])
  expect(members).toHaveLength(13)
})
