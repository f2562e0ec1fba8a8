import { readFileSync } from 'node:fs'
import { DecodeError, FrameSplitter, seededRandom, varintPrefix } from '@hearsay/protocol-core/pure'
import { hostileFrames } from '@hearsay/protocol-core/testing'
import {
  dateMillis,
  decode,
  decodeText,
  encode,
  encodeText,
  formatDate,
  isNewer,
  parseDate,
  peerOf,
  signedText,
  userHash,
  versionOf
} from '@hearsay/protocol-cup2py/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'

const vectors = JSON.parse(
  readFileSync(new URL('../../../interop/vectors/originals/cup2py.json', import.meta.url), 'utf8')
) as {
  keys: { publicPem: string }[]
  requests: { label: string; before: string }[]
}

const hex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const date = fc
  .record({
    year: fc.integer({ min: 1, max: 9_999 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    second: fc.integer({ min: 0, max: 59 }),
    microsecond: fc.integer({ min: 0, max: 999_999 })
  })
  .map((parts) => ({ parts, text: formatDate(parts) }))
const record = fc
  .record({
    publicKey: fc.constantFrom(...vectors.keys.map(({ publicPem }) => publicPem)),
    address: fc.string({ unit: 'grapheme', maxLength: 100 }).map((text) => text.replaceAll(';', '')),
    date: date.map(({ text }) => text),
    signature: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('base64'))
  })
  .map((fields): UserRecord => ({ hash: userHash(fields.publicKey), ...fields }))
const depth = fc.integer({ min: 0, max: 16 })
const checked = fc.array(hex, { maxLength: 5 })
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('update' as const), record, depth, checked }),
  fc.record({ type: fc.constant('search' as const), target: hex, sender: record, depth, checked })
)

/** Decoding either works or throws a DecodeError. @returns whether it worked */
function decodes(frame: Uint8Array): boolean {
  try {
    decode(frame)
    return true
  } catch (err) {
    if (err instanceof DecodeError) {
      return false
    }

    throw err
  }
}

describe('requests', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(message, (each) => {
        expect(decode(encode(each))).toEqual(each)
      })
    )
  })

  it('are refused with a DecodeError, or understood, however cut or flipped', () => {
    fc.assert(
      fc.property(message, (each) => {
        const frame = encode(each)

        for (let end = 0; end < frame.byteLength; end++) {
          decodes(frame.subarray(0, end))
        }

        for (let bit = 0; bit < frame.byteLength * 8; bit += 3) {
          const flipped = new Uint8Array(frame)
          flipped[bit >> 3]! ^= 1 << (bit & 7)
          decodes(flipped)
        }
      }),
      { numRuns: 5 }
    )
  })

  it('survive hostile frames, 100,000 or as many as HOSTILE_FRAMES says (T1)', () => {
    const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now())
    const valid = fc.sample(message, { numRuns: 200, seed: 1 }).map(encode)
    const time = (frame: Uint8Array): number => {
      const start = performance.now()
      understood += decodes(frame) ? 1 : 0
      return performance.now() - start
    }
    /** The same in time of the processor, which others do not take */
    const work = (frame: Uint8Array): number => {
      const start = process.cpuUsage()
      decodes(frame)
      const { user, system } = process.cpuUsage(start)
      return (user + system) / 1_000
    }
    let [understood, slow] = [0, 0]

    for (const frame of hostileFrames(valid, Number(process.env['HOSTILE_FRAMES'] ?? 100_000), seededRandom(seed))) {
      // slow by the clock may be the machine's fault
      slow += time(frame) > 50 && work(frame) > 50 ? 1 : 0
    }

    expect({ seed, slow }).toEqual({ seed, slow: 0 })
    // the damage must neither be harmless nor deadly, or nothing was tried
    expect(understood).toBeGreaterThan(100)
  }, 600_000)

  it('survive hostile streams: frames of damaged lengths in chunks of any size (T1)', () => {
    const valid = fc.sample(message, { numRuns: 50, seed: 2 }).map((each) => {
      const payload = encode(each)
      const frame = new Uint8Array(varintPrefix.width(payload.byteLength) + payload.byteLength)
      varintPrefix.write(frame, 0, payload.byteLength)
      frame.set(payload, varintPrefix.width(payload.byteLength))
      return frame
    })
    const random = seededRandom(7)
    const escaped: unknown[] = []
    let lost = 0

    for (let stream = 0; stream < 2_000; stream++) {
      const splitter = new FrameSplitter(varintPrefix, 65_536)

      try {
        for (const chunk of hostileFrames(valid, 5, random)) {
          splitter.push(chunk, (payload) => decode(payload) !== undefined)
        }
      } catch (err) {
        escaped.push(...(err instanceof DecodeError ? [] : [err]))
        lost++
      }
    }

    expect(escaped).toEqual([])
    expect(lost).toBeGreaterThan(500)
  })

  const good = vectors.requests[0]!.before
  const search = vectors.requests.find(({ before }) => before.startsWith('SEARCH'))!.before
  const with0 = (change: (fields: string[]) => void, request = good): string => {
    const fields = request.split(';')
    change(fields)
    return fields.join(';')
  }

  it.each([
    ['an unknown type', with0((f) => (f[0] = 'DELETE'))],
    ['the type in lower case', with0((f) => (f[0] = 'update'))],
    ['too few fields', with0((f) => f.pop())],
    ['too many fields', `${good};`],
    ['an UPDATE with a hash before its key', search.replace('SEARCH', 'UPDATE')],
    ['a SEARCH without a hash', good.replace('UPDATE', 'SEARCH')],
    ['a SEARCH for something else than a hash', with0((f) => (f[1] = 'zzz'), search)],
    ['a hash in upper case', with0((f) => (f[1] = f[1]!.toUpperCase()), search)],
    ['a key that ends its lines in CRLF', with0((f) => (f[1] = f[1]!.replaceAll('\n', '\r\n')))],
    ['a key in SubjectPublicKeyInfo', with0((f) => (f[1] = f[1]!.replaceAll('RSA PUBLIC', 'PUBLIC')))],
    ['a key without the end of its last line', with0((f) => (f[1] = f[1]!.trimEnd()))],
    ['a key in longer lines', with0((f) => (f[1] = f[1]!.replace(/([^-])\n([^-])/, '$1$2')))],
    ['no date', with0((f) => (f[3] = ''))],
    ['a day there is not', with0((f) => (f[3] = '2023-02-29 00:00:00.000001'))],
    ['a fraction of three digits', with0((f) => (f[3] = '2023-02-28 00:00:00.001'))],
    ['a fraction of zeros, which Python leaves out', with0((f) => (f[3] = '2023-02-28 00:00:00.000000'))],
    ['no signature', with0((f) => (f[4] = ''))],
    ['a signature that is no base64', with0((f) => (f[4] = `*${f[4]!.slice(1)}`))],
    ['a signature without its padding', with0((f) => (f[4] = f[4]!.slice(0, -1)))],
    ['a signature with stray bits at its end', with0((f) => (f[4] = f[4]!.replace(/.(=+)$/, '/$1')))],
    ['no depth', with0((f) => (f[5] = ''))],
    ['a negative depth', with0((f) => (f[5] = '-1'))],
    ['a depth with a sign', with0((f) => (f[5] = '+3'))],
    ['a depth with a blank', with0((f) => (f[5] = ' 3'))],
    ['a depth that is no integer', with0((f) => (f[5] = '3.0'))],
    ['a depth over 16', with0((f) => (f[5] = '17'))],
    ['a huge depth', with0((f) => (f[5] = '99999999999999999999'))],
    ['a list without brackets', with0((f) => (f[6] = ''))],
    ['a list with an empty entry', with0((f) => (f[6] = '[,]'))],
    ['a list with something else', with0((f) => (f[6] = '[abc]'))],
    ['a list of 901', with0((f) => (f[6] = `[${Array.from({ length: 901 }, () => userHash('x')).join(',')}]`))],
    ['an address of 1,025 characters', with0((f) => (f[2] = 'a'.repeat(1_025)))]
  ])('with %s are malformed', (_name, text) => {
    expect(() => decodeText(text)).toThrow(DecodeError)
  })

  it('of the longest list and key fit a frame', () => {
    const list = Array.from({ length: 900 }, () => userHash('x'))
    const key = vectors.keys.at(-1)!.publicPem
    const long = { ...(decodeText(good) as Extract<Message, { type: 'update' }>), checked: list }
    expect(encode(long).byteLength).toBeLessThan(65_536)
    expect(decodeText(encodeText(long))).toEqual(long)
    expect(key.length).toBeGreaterThan(400)
  })

  it('are UTF-8', () => {
    expect(() => decode(Uint8Array.of(0x55, 0xff, 0xfe))).toThrow(DecodeError)
  })
})

describe('dates', () => {
  it('sort as texts do, and count milliseconds as clocks do', () => {
    fc.assert(
      fc.property(date, date, (a, b) => {
        expect(Math.sign(a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).toBe(
          Math.sign(dateMillis(a.parts) - dateMillis(b.parts)) || Math.sign(a.parts.microsecond - b.parts.microsecond)
        )
        expect(parseDate(a.text)).toEqual(a.parts)
        const iso = `${a.text.slice(0, 19).replace(' ', 'T')}Z`
        expect(dateMillis(a.parts)).toBe(Date.parse(iso) + Math.floor(a.parts.microsecond / 1_000))
      })
    )
  })
})

describe('records', () => {
  it('of the later date are newer; of equal dates those with the lowest hash, for all alike', () => {
    const one = fc.sample(record, { numRuns: 1, seed: 3 })[0]!
    const earlier = { ...one, date: '2023-01-01 00:00:00' }
    const later = { ...one, date: '2023-01-01 00:00:00.000001' }
    expect(isNewer(versionOf(later), versionOf(earlier))).toBe(true)
    expect(isNewer(versionOf(earlier), versionOf(later))).toBe(false)
    const other = { ...later, address: `${later.address}!` }
    expect(isNewer(versionOf(other), versionOf(later))).toBe(!isNewer(versionOf(later), versionOf(other)))
    expect(isNewer(versionOf(later), versionOf({ ...later }))).toBe(false)
  })

  it('are signed as Python prints them, whatever is in the address', () => {
    expect(signedText('PublicKey(15, 3)', "it's", '2023-01-02 00:00:00')).toBe(
      '(PublicKey(15, 3), "it\'s", datetime.datetime(2023, 1, 2, 0, 0))'
    )
    expect(signedText('k', '\u{e000}\u{10ffff}\u2028', '2023-01-02 03:04:05')).toBe(
      "(k, '\\ue000\\U0010ffff\\u2028', datetime.datetime(2023, 1, 2, 3, 4, 5))"
    )
    expect(() => signedText('k', '', 'yesterday')).toThrow(RangeError)
  })

  it('can be dialled where their address ends in a peer id', () => {
    expect(peerOf('/ip4/192.0.2.1/tcp/1/p2p/12D3KooWA')).toBe('12D3KooWA')
    expect(peerOf('/p2p/12D3KooWA')).toBe('12D3KooWA')
    expect(['192.0.2.1', '', '/p2p/', '/ip4/1.2.3.4/tcp/1', 'x/p2p/12D3', '/p2p/a b'].map(peerOf)).toEqual(
      Array.from({ length: 6 })
    )
    // and are short and plain: they stand in logs
    const strange = [
      '/\x1b[2J/p2p/a',
      '/a b/p2p/a',
      '/a\n/p2p/a',
      '/é/p2p/a',
      '/\u202e/p2p/a',
      `/${'x'.repeat(512)}/p2p/a`
    ]
    expect(strange.map(peerOf)).toEqual(Array.from({ length: 6 }))
  })
})
