import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError, loadConfig } from '@hearsay/node'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { environmentName, gossipInit } from '../src/config/load.ts'
import { optionKeys } from '../src/config/options.ts'
import type { NodeConfig, OptionKey } from '@hearsay/node'

let dir = ''
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'hearsay-config-test-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function fileOf(content: string, extension: 'toml' | 'ini'): string {
  const path = join(dir, `node.${extension}`)
  writeFileSync(path, content)
  return path
}

const fromFlags = (flags: Record<string, unknown>): NodeConfig => loadConfig({ flags, env: {} })
const fromEnv = (env: Record<string, string>): NodeConfig => loadConfig({ flags: {}, env })
const fromToml = (content: string): NodeConfig => loadConfig({ flags: {}, env: {}, file: fileOf(content, 'toml') })
const fromIni = (content: string): NodeConfig => loadConfig({ flags: {}, env: {}, file: fileOf(content, 'ini') })

/** The message of the ConfigError; any other outcome fails */
function problem(load: () => unknown): string {
  try {
    load()
  } catch (err) {
    if (err instanceof ConfigError && err.name === 'ConfigError') {
      return err.message
    }

    throw err
  }

  throw new Error('a ConfigError was expected')
}

interface Sample {
  key: OptionKey
  /** As a flag has it: text, or a list of texts */
  flag: string | string[]
  toml: string
  value: unknown
}

const ID = '12D3KooWJGcy8N8CLTWgBpoKjuWU3betewnk2y8g96E3bxyAqtqC'
const PEER = `/ip4/192.0.2.1/tcp/6001/p2p/${ID}`
const number = (key: OptionKey, value: number): Sample => ({ key, flag: String(value), toml: String(value), value })

/** A file that is there, and has no line of a peer */
const LIST = fileURLToPath(new URL('empty-list.txt', import.meta.url))
const turned = (key: OptionKey, value: boolean): Sample => ({
  key,
  flag: String(value),
  toml: String(value),
  value
})

const samples: Sample[] = [
  turned('gossip', true),
  turned('cup2py', false),
  turned('shout', false),
  turned('dht', false),
  {
    key: 'listen',
    flag: ['/ip4/127.0.0.1/tcp/6002', '/ip6/::1/tcp/6003'],
    toml: '["/ip4/127.0.0.1/tcp/6002", "/ip6/::1/tcp/6003"]',
    value: ['/ip4/127.0.0.1/tcp/6002', '/ip6/::1/tcp/6003']
  },
  {
    key: 'peer',
    flag: [`/ip4/192.0.2.1/tcp/6001/p2p/${ID}`, '/dns4/a.example/tcp/1'],
    toml: `["/ip4/192.0.2.1/tcp/6001/p2p/${ID}", "/dns4/a.example/tcp/1"]`,
    value: [`/ip4/192.0.2.1/tcp/6001/p2p/${ID}`, '/dns4/a.example/tcp/1']
  },
  {
    key: 'bootstrap-list',
    flag: LIST,
    toml: JSON.stringify(LIST),
    value: LIST
  },
  {
    key: 'bootstrapper',
    flag: '/ip4/192.0.2.1/tcp/6001',
    toml: '"/ip4/192.0.2.1/tcp/6001"',
    value: '/ip4/192.0.2.1/tcp/6001'
  },
  { key: 'gossip-api', flag: '[::1]:7002', toml: '"[::1]:7002"', value: { host: '::1', port: 7002 } },
  { key: 'dht-api', flag: '[::1]:7402', toml: '"[::1]:7402"', value: { host: '::1', port: 7402 } },
  { key: 'data-dir', flag: '/var/lib/some dir', toml: '"/var/lib/some dir"', value: '/var/lib/some dir' },
  { key: 'hostkey', flag: '/etc/hostkey.pem', toml: '"/etc/hostkey.pem"', value: '/etc/hostkey.pem' },
  number('difficulty-bits', 8),
  number('min-connections', 7),
  number('max-connections', 20),
  number('degree', 3),
  number('search-cooldown', 30),
  number('challenge-timeout', 40),
  number('cache-size', 1_000),
  {
    key: 'dialects',
    flag: ['gossip-midterm', 'gossip'],
    toml: '["gossip-midterm", "gossip"]',
    value: ['gossip-midterm', 'gossip']
  },
  { key: 'user', flag: 'anna.2', toml: '"anna.2"', value: 'anna.2' },
  { key: 'user-passphrase-file', flag: '/etc/secret', toml: '"/etc/secret"', value: '/etc/secret' },
  { key: 'cup2py-compat', flag: 'library', toml: '"library"', value: 'library' },
  number('cup2py-min-key-bits', 1_024),
  number('cup2py-max-users', 500),
  { key: 'shout-subnet', flag: 'chess; of Paris', toml: '"chess; of Paris"', value: 'chess; of Paris' },
  number('shout-limit', 4),
  number('shout-max-values', 0),
  { key: 'control-api', flag: './control.sock', toml: '"./control.sock"', value: { path: './control.sock' } },
  { key: 'metrics-api', flag: '127.0.0.1:9', toml: '"127.0.0.1:9"', value: { host: '127.0.0.1', port: 9 } },
  turned('autonat', false),
  turned('relay-client', false),
  {
    key: 'relay',
    flag: [`/ip4/192.0.2.1/tcp/6001/p2p/${ID}`],
    toml: `["/ip4/192.0.2.1/tcp/6001/p2p/${ID}"]`,
    value: [`/ip4/192.0.2.1/tcp/6001/p2p/${ID}`]
  },
  turned('dcutr', false),
  turned('relay-server', true),
  turned('upnp', true),
  turned('mdns', true),
  { key: 'log-format', flag: 'json', toml: '"json"', value: 'json' },
  number('max-memory', 1_024)
]

const textOf = ({ flag }: Sample): string => (Array.isArray(flag) ? flag.join(',') : flag)

vi.setConfig({ testTimeout: 60_000 })

describe('an option', () => {
  it('has a sample in this file', () => {
    expect(samples.map(({ key }) => key)).toEqual(optionKeys)
  })

  it.each(samples)('$key is taken from a flag', ({ key, flag, value }) => {
    expect(fromFlags({ [key]: flag })[key]).toEqual(value)
  })

  it.each(samples)('$key is taken from the environment', (sample) => {
    expect(fromEnv({ [environmentName(sample.key)]: textOf(sample) })[sample.key]).toEqual(sample.value)
  })

  it.each(samples)('$key is taken from TOML', ({ key, toml, value }) => {
    expect(fromToml(`${key} = ${toml}\n`)[key]).toEqual(value)
  })

  it('is what the specification says by default', () => {
    expect(fromFlags({})).toEqual({
      gossip: true,
      cup2py: true,
      shout: true,
      dht: true,
      listen: ['/ip4/0.0.0.0/tcp/6001'],
      peer: [],
      'bootstrap-list': undefined,
      bootstrapper: undefined,
      'gossip-api': { host: '127.0.0.1', port: 7001 },
      'dht-api': undefined,
      'data-dir': expect.stringContaining('hearsay'),
      hostkey: undefined,
      'difficulty-bits': 24,
      'min-connections': 6,
      'max-connections': 30,
      degree: 4,
      'search-cooldown': 60,
      'challenge-timeout': 120,
      'cache-size': 65_536,
      dialects: ['gossip', 'gossip-p2p'],
      user: 'user',
      'user-passphrase-file': undefined,
      'cup2py-compat': 'none',
      'cup2py-min-key-bits': 2_048,
      'cup2py-max-users': 100_000,
      'shout-subnet': '',
      'shout-limit': 8,
      'shout-max-values': 16_384,
      'control-api': undefined,
      'metrics-api': undefined,
      autonat: true,
      'relay-client': true,
      relay: [],
      dcutr: true,
      'relay-server': false,
      upnp: false,
      mdns: false,
      'log-format': 'text',
      'max-memory': undefined
    })
  })

  it('is its default when a flag is undefined', () => {
    expect(fromFlags({ degree: undefined }).degree).toBe(4)
  })

  it('reaches the gossip service in its units', () => {
    const config = fromFlags(Object.fromEntries(samples.map(({ key, flag }) => [key, flag])))
    expect(gossipInit(config)).toEqual({
      dialects: ['gossip-midterm', 'gossip'],
      difficultyBits: 8,
      minConnections: 7,
      maxConnections: 20,
      degree: 3,
      searchCooldown: 30_000,
      challengeTimeout: 40_000,
      cacheSize: 1_000,
      // of the memory, see limits.test.ts
      maxQueuedBytes: expect.any(Number) as number,
      maxUnverified: 128,
      knownPeers: [`/ip4/192.0.2.1/tcp/6001/p2p/${ID}`, '/dns4/a.example/tcp/1'],
      bootstrapper: '/ip4/192.0.2.1/tcp/6001',
      // with mdns: those of the local network are peers too
      fromConnections: true
    })
    expect(gossipInit(fromFlags({})).fromConnections).toBe(false)
  })
})

describe('sources', () => {
  const env = { HEARSAY_DEGREE: '2', HEARSAY_CACHE_SIZE: '22', HEARSAY_PEER: '/ip4/192.0.2.2/tcp/2' }
  const toml = 'degree = 3\ncache-size = 33\nmin-connections = 13\npeer = "/ip4/192.0.2.3/tcp/3"\n'

  it('give way to flags, then the environment, then the file, then defaults', () => {
    const config = loadConfig({ flags: { degree: '1' }, env, file: fileOf(toml, 'toml') })
    expect(config).toMatchObject({ degree: 1, 'cache-size': 22, 'min-connections': 13, 'max-connections': 30 })
  })

  it('replace a list of another source rather than add to it', () => {
    expect(loadConfig({ flags: {}, env, file: fileOf(toml, 'toml') }).peer).toEqual(['/ip4/192.0.2.2/tcp/2'])
  })

  it('are all checked, also where another one wins', () => {
    const load = (): unknown => loadConfig({ flags: { degree: '1' }, env: {}, file: fileOf('degree = 0', 'toml') })
    expect(problem(load)).toMatch(/^degree in .*node\.toml must be an integer from 1 to 1000, and is 0$/)
  })

  it('turn protocols off by the same rule', () => {
    const file = fileOf('shout = false\ncup2py = false\ndht = false\n', 'toml')
    const variables = { HEARSAY_SHOUT: 'true', HEARSAY_CUP2PY: 'true' }
    const { gossip, cup2py, shout, dht } = loadConfig({ flags: { cup2py: false }, env: variables, file })
    expect({ gossip, cup2py, shout, dht }).toEqual({ gossip: true, cup2py: false, shout: true, dht: false })
  })

  it('make one frozen object', () => {
    expect(Object.isFrozen(fromFlags({}))).toBe(true)
  })

  it('leave variables of others alone', () => {
    expect(fromEnv({ PATH: '/bin', DEGREE: '0', hearsay_degree: '0', HEARSAYDEGREE: '0' }).degree).toBe(4)
  })
})

describe('an unknown key', () => {
  it.each([
    ['of a flag', () => fromFlags({ degre: '3' }), 'unknown option --degre; did you mean "degree"?'],
    ['of a flag that every object has', () => fromFlags({ constructor: '3' }), 'unknown option --constructor'],
    [
      'of the environment',
      () => fromEnv({ HEARSAY_MIN_CONECTIONS: '3' }),
      'unknown environment variable HEARSAY_MIN_CONECTIONS; did you mean "HEARSAY_MIN_CONNECTIONS"?'
    ],
    ['of TOML', () => fromToml('min_connections = 3'), /^unknown key "min_connections" in .*"min-connections"\?$/],
    ['of TOML, a table', () => fromToml('[dhts]\ndegree = 3'), /^unknown key "dhts" in .*node\.toml.*"dht"/],
    ['of TOML that every object has', () => fromToml('toString = 3'), /^unknown key "toString" in .*node\.toml/],
    ['of INI', () => fromIni('[gossip]\ncachesize = 3'), /^unknown key "cachesize" in \[gossip\] of .*"cache_size"\?$/],
    ['of INI, with dashes', () => fromIni('[gossip]\ncache-size = 3'), /^unknown key "cache-size" .*"cache_size"\?$/],
    ['of INI, a section below ours', () => fromIni('[gossip.more]\na = 3'), /^unknown key "more" in \[gossip\]/],
    ['of INI that every object has', () => fromIni('[gossip]\nconstructor = 3'), /^unknown key "constructor" in \[gos/]
  ])('%s is named, with the nearest that exists', (_name, load, message) => {
    expect(problem(load)).toEqual(expect.stringMatching(message))
  })

  it('far from all others gets no suggestion', () => {
    expect(problem(() => fromFlags({ 'xyzzy-plugh': '3' }))).toBe('unknown option --xyzzy-plugh')
  })
})

describe('a number', () => {
  const ranges: [OptionKey, number, number][] = [
    ['difficulty-bits', 0, 32],
    ['min-connections', 1, 1_000],
    ['max-connections', 2, 1_000],
    ['degree', 1, 1_000],
    ['search-cooldown', 1, 86_400],
    ['challenge-timeout', 1, 3_600],
    ['cache-size', 1, 1_000_000]
  ]
  const wide = { degree: '1', 'min-connections': '1', 'max-connections': '1000' }

  it.each(ranges)('%s may be from %i to %i, both included', (key, lowest, highest) => {
    const others = key === 'max-connections' ? { degree: '1', 'min-connections': '1' } : wide
    const most = { ...wide, 'min-connections': '1000' }
    expect(fromFlags({ ...others, [key]: String(lowest) })[key]).toBe(lowest)
    expect(fromFlags({ ...most, [key]: String(highest) })[key]).toBe(highest)
    const allowed = `--${key} must be an integer from ${lowest} to ${highest}`
    expect(problem(() => fromFlags({ [key]: String(lowest - 1) }))).toBe(`${allowed}, and is "${lowest - 1}"`)
    expect(problem(() => fromFlags({ [key]: String(highest + 1) }))).toBe(`${allowed}, and is "${highest + 1}"`)
  })

  it.each(['-1', '2.5', '1e1', '0x4', ' 4', '4 ', '', 'four', '4,5', '٤', '1'.repeat(400), '+4', 'NaN'])(
    'is not %o in a flag',
    (value) => {
      expect(problem(() => fromFlags({ degree: value }))).toBe(
        `--degree must be an integer from 1 to 1000, and is ${JSON.stringify(value)}`
      )
    }
  )

  it.each([
    ['-1', '-1'],
    ['2.5', '2.5'],
    ['nan', 'NaN'],
    ['inf', 'Infinity'],
    ['true', 'true'],
    ['""', '""'],
    ['[3]', '[3]'],
    ['{ a = 3 }', '{"a":3}'],
    ['2020-01-01', '"2020-01-01"']
  ])('is not %s in TOML', (toml, shown) => {
    const message = problem(() => fromToml(`degree = ${toml}`))
    expect(message).toBe(`degree in ${join(dir, 'node.toml')} must be an integer from 1 to 1000, and is ${shown}`)
  })

  it.each(['', '-1', '2.5', 'four', 'true'])('is not %o in INI', (value) => {
    expect(problem(() => fromIni(`[gossip]\ndegree = ${value}`))).toMatch(
      /^degree in .*node\.ini must be an integer from 1 to 1000, and is /
    )
  })
})

describe('numbers that depend on each other', () => {
  it.each([
    [{ degree: '7' }, 'degree must be at most min-connections, 6, and is 7'],
    [{ 'min-connections': '3' }, 'degree must be at most min-connections, 3, and is 4'],
    [{ 'min-connections': '31' }, 'min-connections must be at most max-connections, 30, and is 31'],
    [{ 'max-connections': '5' }, 'min-connections must be at most max-connections, 5, and is 6'],
    [{ gossip: 'yes' }, '--gossip must be true or false, and is "yes"'],
    [
      { gossip: false, cup2py: false, shout: false, dht: false },
      'a node needs a protocol: one of gossip, cup2py, shout, dht must be on'
    ],
    [
      { dialects: 'gossip,gossip-late' },
      '--dialects must be some of gossip, gossip-p2p, gossip-midterm, each once, and is "gossip,gossip-late"'
    ],
    [
      { dialects: 'gossip,gossip' },
      '--dialects must be some of gossip, gossip-p2p, gossip-midterm, each once, and is "gossip,gossip"'
    ],
    [{ user: '../x' }, '--user must be letters, digits, _, . and -, at most 64, and is "../x"']
  ])('%o is refused by the names of the flags', (flags, message) => {
    expect(problem(() => fromFlags(flags))).toBe(message)
  })

  it('may come from different sources, and may be equal', () => {
    const file = fileOf('[gossip]\nmax_connections = 8', 'ini')
    const config = loadConfig({ flags: { degree: '8' }, env: { HEARSAY_MIN_CONNECTIONS: '8' }, file })
    expect(config).toMatchObject({ degree: 8, 'min-connections': 8, 'max-connections': 8 })
  })
})

describe('a bootstrap list', () => {
  const OTHER = '/dns4/b.example/tcp/6001'
  const given = (content: string): string => {
    const path = join(dir, 'peers.txt')
    writeFileSync(path, content)
    return path
  }
  const listed = (content: string): unknown =>
    gossipInit(fromFlags({ peer: [OTHER], 'bootstrap-list': given(content) })).knownPeers

  it('has a peer a line, comments, and none twice', () => {
    const lines = ['\uFEFF# the first ones', `  ${PEER}  # mine`, '', OTHER, '/ip4/192.0.2.9/tcp/1/ws', PEER]
    expect(listed(lines.join('\r\n'))).toEqual([OTHER, PEER, '/ip4/192.0.2.9/tcp/1/ws'])
    expect(listed('')).toEqual([OTHER])
  })

  it('is refused with the line that is no address', () => {
    expect(problem(() => listed(`# a\n${PEER}\n192.0.2.1:6001\n`))).toMatch(
      /^line 3 of .*peers\.txt \(--bootstrap-list\) must be a multiaddr such as .*, and is "192\.0\.2\.1:6001"$/
    )
  })

  it('is refused when it is not there, or has too many peers', () => {
    expect(problem(() => fromFlags({ 'bootstrap-list': '/none/peers' }))).toMatch(
      /^cannot read the list \/none\/peers \(--bootstrap-list\): ENOENT/
    )
    const many = Array.from({ length: 1_001 }, (_, i) => `/ip4/192.0.2.1/tcp/${i + 1}`)
    expect(problem(() => listed(many.join('\n')))).toMatch(/has 1001 peers, and 1000 are allowed$/)
    expect(problem(() => listed('#'.repeat(2 ** 20 + 1)))).toMatch(/is longer than 1 MiB$/)
  })
})

describe('a switch', () => {
  it.each(['yes', '1', 1, '', 'on', null])('is not %o', (value) => {
    expect(problem(() => fromFlags({ mdns: value }))).toMatch(/^--mdns must be true or false, and is/)
  })
})

describe('a relay', () => {
  it.each(['/ip4/192.0.2.1/tcp/6001', `/p2p/${ID}`, `/ip4/192.0.2.1/tcp/6001/p2p/${ID}/p2p-circuit`])(
    'is not %s, which nobody could recognise or dial',
    (relay) =>
      expect(problem(() => fromFlags({ relay: [relay] }))).toMatch(/^--relay must be multiaddrs with a peer id/)
  )
})

describe('an address', () => {
  it('may be one of WebSockets', () => {
    expect(fromFlags({ listen: ['/ip4/0.0.0.0/tcp/6002/ws'] }).listen).toEqual(['/ip4/0.0.0.0/tcp/6002/ws'])
  })

  it.each([
    '',
    '/',
    'a.example:6001',
    '/ip4/300.0.0.1/tcp/1',
    '/ip4/127.0.0.1/tcp/65536',
    '/nope/1',
    '/ip4/1.2.3.4/tcp'
  ])('is not %o', (address) => {
    expect(problem(() => fromFlags({ listen: [address] }))).toBe(
      `--listen must be TCP multiaddrs such as /ip4/0.0.0.0/tcp/6001, with /ws for WebSockets, and is ${JSON.stringify([address])}`
    )
    expect(problem(() => fromFlags({ bootstrapper: address }))).toMatch(/^--bootstrapper must be a multiaddr such as/)
  })

  it('list is separated by commas where it is one text, with or without spaces', () => {
    const list = '/ip4/192.0.2.1/tcp/1, /ip4/192.0.2.2/tcp/2,/ip4/192.0.2.3/tcp/3'
    const addresses = ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/2', '/ip4/192.0.2.3/tcp/3']
    expect(fromEnv({ HEARSAY_PEER: list }).peer).toEqual(addresses)
    expect(fromToml(`peer = "${list}"`).peer).toEqual(addresses)
  })

  it('list may be empty', () => {
    expect(fromEnv({ HEARSAY_PEER: '' }).peer).toEqual([])
    expect(fromToml('peer = []').peer).toEqual([])
  })

  it.each(['5', '[5]', '[["/ip4/192.0.2.1/tcp/1"]]', '["/ip4/192.0.2.1/tcp/1", "x"]', '{ a = 1 }', 'true'])(
    'list is not %s in TOML',
    (toml) => {
      expect(problem(() => fromToml(`peer = ${toml}`))).toMatch(/^peer in .*node\.toml must be multiaddrs such as/)
    }
  )
})

describe('a host and port', () => {
  it.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['[::1]:7001', '::1', 7_001],
    ['[::ffff:127.0.0.1]:1', '::ffff:127.0.0.1', 1]
  ])('may be %s', (text, host, port) => {
    expect(fromFlags({ 'gossip-api': text })['gossip-api']).toEqual({ host, port })
  })

  it.each(['', '7001', ':7001', '127.0.0.1', '127.0.0.1:', '127.0.0.1:65536', '127.0.0.1:-1', '127.0.0.1:1.5'])(
    'is not %o',
    (text) => {
      expect(problem(() => fromFlags({ 'gossip-api': text }))).toMatch(
        /^--gossip-api must be a host and a port such as/
      )
    }
  )

  it.each(['::1:7001', '[::1]', '[127.0.0.1]:7001', '[:]:7001', 'a b:1', '/tmp/socket:1', 'http://127.0.0.1:7001'])(
    'is not %o either',
    (text) => {
      expect(problem(() => fromFlags({ 'gossip-api': text }))).toMatch(/and is "/)
    }
  )

  it.each(['["127.0.0.1:7001"]', '7001', '{ toString = 1 }', 'true'])('is not %s in TOML', (toml) => {
    expect(problem(() => fromToml(`gossip-api = ${toml}`))).toMatch(/^gossip-api in .*node\.toml must be a host and/)
  })
})

describe('a path', () => {
  it.each(['data-dir', 'hostkey'] as const)('as %s is a text that is not empty', (key) => {
    expect(problem(() => fromFlags({ [key]: '' }))).toBe(`--${key} must be a path, and is ""`)
    expect(problem(() => fromToml(`${key} = 5`))).toMatch(/must be a path, and is 5$/)
  })
})

describe('an INI file', () => {
  it('sets every option under the names users of the module know', () => {
    const config = fromIni(`
      hostkey = /etc/hostkey.pem
      [gossip]
      cache_size = 50
      degree = 3
      min_connections = 5
      max_connections = 20
      search_cooldown = 30
      challenge_timeout = 40
      challenge_difficulty = 16
      p2p_address = 127.0.0.1:6001
      api_address = [::1]:7001
      known_peers = 192.0.2.1:6001, [2001:db8::1]:6002,a.example:6003, /ip4/192.0.2.4/tcp/6004
      bootstrapper = b.example:6001
    `)
    expect(config).toMatchObject({
      hostkey: '/etc/hostkey.pem',
      'cache-size': 50,
      degree: 3,
      'min-connections': 5,
      'max-connections': 20,
      'search-cooldown': 30,
      'challenge-timeout': 40,
      'difficulty-bits': 16,
      listen: ['/ip4/127.0.0.1/tcp/6001'],
      'gossip-api': { host: '::1', port: 7001 },
      peer: [
        '/ip4/192.0.2.1/tcp/6001',
        '/ip6/2001:db8::1/tcp/6002',
        '/dns/a.example/tcp/6003',
        '/ip4/192.0.2.4/tcp/6004'
      ],
      bootstrapper: '/dns/b.example/tcp/6001'
    })
  })

  it.each([
    ['discovery_cooldown = 31', 'search-cooldown', 31],
    ['listen_address = [::1]:6001', 'listen', ['/ip6/::1/tcp/6001']],
    ['known_peers =', 'peer', []],
    ['known_peers[] = 192.0.2.1:1\nknown_peers[] = [::1]:2', 'peer', ['/ip4/192.0.2.1/tcp/1', '/ip6/::1/tcp/2']]
  ] as const)('knows %s', (line, key, value) => {
    expect(fromIni(`[gossip]\n${line}`)[key]).toEqual(value)
  })

  it('may have challenge_cooldown, which has no effect', () => {
    expect(fromIni('[gossip]\nchallenge_cooldown = whatever')).toEqual(fromIni(''))
  })

  it.each([
    ['before the first section', 'hostkey = a.pem\n[gossip]\ndegree = 3', 'a.pem'],
    ['in [global]', '[global]\nhostkey = b.pem', 'b.pem'],
    ['in both, where [global] wins', 'hostkey = a.pem\n[global]\nhostkey = b.pem', 'b.pem'],
    ['in quotes', 'hostkey = "a b.pem"', 'a b.pem'],
    ['in another section, which is not ours', '[onion]\nhostkey = c.pem', undefined]
  ])('may have the hostkey %s', (_name, content, hostkey) => {
    expect(fromIni(content).hostkey).toBe(hostkey)
  })

  it('may have sections of other modules, whatever is in them', () => {
    const content =
      '[nse]\napi_address = rubbish\ndegree = 0\n[gossip]\ndegree = 3\n[onion]\nhops = x\n[onion.more]\na = b'
    expect(fromIni(content).degree).toBe(3)
  })

  it('is read as users of the DHT module have it', () => {
    const content = `
      hostkey = /etc/hostkey.pem
      [dht]
      listen_address = 127.0.0.1:6501
      api_address = [::1]:7501
      max_lookup = 3
      alpha = 3
      k = 20
      ttl = 15
    `
    expect(fromIni(content)).toEqual({
      ...fromIni(''),
      hostkey: '/etc/hostkey.pem',
      listen: ['/ip4/127.0.0.1/tcp/6501'],
      'dht-api': { host: '::1', port: 7501 }
    })
  })

  it('may be of both modules, where the one node listens for both', () => {
    const config = fromIni('[dht]\nlisten_address = [::1]:2\n[gossip]\np2p_address = 127.0.0.1:1\nlisten_address = a:1')
    expect(config.listen).toEqual(['/dns/a/tcp/1', '/ip6/::1/tcp/2'])
  })

  it.each([
    ['api_address = 7501', /^api_address in .*node\.ini must be a host and a port/],
    ['api_adress = 127.0.0.1:7501', /^unknown key "api_adress" in \[dht\] of .*; did you mean "api_address"\?$/],
    ['degree = 3', /^unknown key "degree" in \[dht\]/]
  ])('is refused for %s in [dht]', (line, message) => {
    expect(problem(() => fromIni(`[dht]\n${line}`))).toMatch(message)
  })

  it('may have comments, empty lines and line ends of any system', () => {
    const lines = ['; one', '# two', '', '[gossip]', 'degree = 3 ; three', '  min_connections=5 # four', '']
    expect(fromIni(lines.join('\r\n'))).toMatchObject({ degree: 3, 'min-connections': 5 })
  })

  it.each(['  [gossip]', '\t[gossip]  ', '[gossip] ; ours', '[gossip]# ours'])('may have the header %o', (header) => {
    expect(fromIni(`${header}\ndegree = 3\n`).degree).toBe(3)
  })

  it.each(['[gossip', '[dht]\na = b\n  [gossip\ndegree = 3'])('is refused for a header without end: %o', (content) => {
    expect(problem(() => fromIni(content))).toMatch(/node\.ini is not valid INI: "\[gossip" lacks its closing bracket$/)
  })

  it.each(['gossip', 'dht'])('is refused when a key would hide the section %s', (name) => {
    const content = `${name} = 1\n[${name}]\nlisten_address = a:1`
    expect(problem(() => fromIni(content))).toMatch(new RegExp(`^"${name}" in .* must be a section`))
  })

  it('may begin with a byte order mark', () => {
    expect(fromIni('\uFEFF[gossip]\ndegree = 3').degree).toBe(3)
  })

  it.each([
    ['p2p_address = 127.0.0.1', /^p2p_address in .*node\.ini must be TCP multiaddrs/],
    ['p2p_address = 127.0.0.1:65536', /^p2p_address in .*node\.ini must be TCP multiaddrs/],
    ['p2p_address = ::1:6001', /^p2p_address in .*node\.ini must be TCP multiaddrs/],
    ['known_peers = a/tcp/1:6001', /^known_peers in .*node\.ini must be multiaddrs/],
    ['[gossip.p2p_address]\na = 1', /^p2p_address in .*node\.ini must be TCP multiaddrs .* \{"a":"1"\}$/],
    ['bootstrapper =', /^bootstrapper in .*node\.ini must be a multiaddr /],
    ['api_address = 7001', /^api_address in .*node\.ini must be a host and a port/],
    ['min_connections = 3', /^degree must be at most min-connections, 3, and is 4$/]
  ])('is refused for %s, by the name it has there', (line, message) => {
    expect(problem(() => fromIni(`[gossip]\n${line}`))).toMatch(message)
  })

  it.each(['a = null\n[a.b]\nc = 1', "'null' = 1"])('that its parser stumbles over is refused: %o', (content) => {
    expect(problem(() => fromIni(content))).toMatch(/node\.ini is not valid INI$/)
  })
})

describe('a configuration file', () => {
  it('that is not there is named', () => {
    const file = join(dir, 'none.toml')
    expect(problem(() => loadConfig({ flags: {}, env: {}, file }))).toContain(`the configuration file ${file}: ENOENT`)
  })

  it('that is a directory is named', () => {
    expect(problem(() => loadConfig({ flags: {}, env: {}, file: dir }))).toContain(`${dir}: EISDIR`)
  })

  it.each(['degree =', 'degree = 3 4', '= 3', 'degree = 99999999999999999999', '[gossip'])(
    'of invalid TOML is refused in one line: %o',
    (content) => {
      expect(problem(() => fromToml(content))).toMatch(/^.*node\.toml is not valid TOML: [^\n]+$/)
    }
  )

  it('of TOML may begin with a byte order mark', () => {
    expect(fromToml('\uFEFFdegree = 3').degree).toBe(3)
  })
})

describe('rubbish', () => {
  /** A valid configuration, or a ConfigError of one line: all else throws */
  function check(load: () => NodeConfig): void {
    try {
      expectValid(load())
    } catch (err) {
      if (!(err instanceof ConfigError) || err.message.includes('\n')) {
        throw err
      }
    }
  }

  function expectValid(config: NodeConfig): void {
    const address = expect.stringMatching(/^\/./) as string
    const integer = expect.toSatisfy(Number.isSafeInteger) as number
    const boolean = expect.any(Boolean) as boolean
    const name = expect.stringMatching(/^[\w.-]+$/) as string
    expect(config).toEqual({
      gossip: boolean,
      cup2py: boolean,
      shout: boolean,
      dht: boolean,
      autonat: boolean,
      'relay-client': boolean,
      relay: config.relay.map(() => address),
      dcutr: boolean,
      'relay-server': boolean,
      upnp: boolean,
      mdns: boolean,
      'bootstrap-list': config['bootstrap-list'] && LIST,
      listen: config.listen.map(() => address),
      peer: config.peer.map(() => address),
      bootstrapper: config.bootstrapper === undefined ? undefined : address,
      'gossip-api': { host: expect.stringMatching(/./) as string, port: integer },
      'dht-api':
        config['dht-api'] === undefined ? undefined : { host: expect.stringMatching(/./) as string, port: integer },
      'data-dir': expect.stringMatching(/^./s) as string,
      hostkey: config.hostkey === undefined ? undefined : (expect.stringMatching(/^./s) as string),
      'difficulty-bits': integer,
      'min-connections': integer,
      'max-connections': integer,
      degree: integer,
      'search-cooldown': integer,
      'challenge-timeout': integer,
      'cache-size': integer,
      dialects: [...new Set(config.dialects)].map(() => expect.stringMatching(/^gossip/) as string),
      user: name,
      'user-passphrase-file': config['user-passphrase-file'] && (expect.any(String) as string),
      'cup2py-compat': name,
      'cup2py-min-key-bits': integer,
      'cup2py-max-users': integer,
      'shout-subnet': expect.any(String) as string,
      'shout-limit': integer,
      'shout-max-values': integer,
      'control-api': config['control-api'] && (expect.any(Object) as object),
      'metrics-api': config['metrics-api'] && { host: expect.stringMatching(/./) as string, port: integer },
      'log-format': expect.stringMatching(/^(?:text|json)$/) as string,
      'max-memory': config['max-memory'] && integer
    })
    expect([config.gossip, config.cup2py, config.shout, config.dht]).toContain(true)
    expect(config.dialects.length).toBeGreaterThan(0)
    expect(config.degree).toBeGreaterThanOrEqual(1)
    expect(config['min-connections']).toBeGreaterThanOrEqual(config.degree)
    expect(config['max-connections']).toBeGreaterThanOrEqual(config['min-connections'])
    expect(config['gossip-api'].port).toBeLessThanOrEqual(65_535)
  }

  const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withObjectString: true })
  const nearlyValid = fc.oneof(
    fc.constantFrom(...samples.flatMap(({ flag, value }): unknown[] => [flag, value])),
    fc.integer({ min: -2, max: 1_100 }),
    fc.integer({ min: -2, max: 1_100 }).map(String)
  )
  const value = fc.oneof({ weight: 1, arbitrary: anything }, { weight: 2, arbitrary: nearlyValid })
  const key = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom<string>(...optionKeys) },
    { weight: 1, arbitrary: fc.string() }
  )
  const line = fc.oneof(
    fc.string(),
    fc.tuple(key, fc.constantFrom('=', ' = ', ''), fc.json()).map((parts) => parts.join('')),
    fc.constantFrom(
      '[gossip]',
      '[global]',
      '[dht]',
      '[gossip.a]',
      '[gossip.p2p_address]',
      'listen_address = a:1',
      'known_peers[] = a:1',
      'hostkey[] = b',
      'degree = 3'
    )
  )
  const content = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'))

  it('in flags is a ConfigError or a valid configuration', () => {
    const flags = fc.dictionary(key, value, { maxKeys: 6 })
    fc.assert(
      fc.property(flags, (given) => check(() => fromFlags(given))),
      { numRuns: 2_000 }
    )
  })

  it('in the environment is a ConfigError or a valid configuration', () => {
    const name = fc.oneof(key.map(environmentName), fc.string())
    const variable = fc.oneof(fc.string(), nearlyValid.map(String))
    fc.assert(
      fc.property(fc.dictionary(name, variable, { maxKeys: 6 }), (env) => check(() => fromEnv(env))),
      { numRuns: 1_000 }
    )
  })

  it.each(['toml', 'ini'] as const)('in a file of %s is a ConfigError or a valid configuration', (extension) => {
    fc.assert(
      fc.property(content, (text) => check(() => (extension === 'toml' ? fromToml(text) : fromIni(text)))),
      { numRuns: 1_000 }
    )
  })
})
