import { readFileSync } from 'node:fs'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import {
  dhtKey,
  dhtRules,
  dhtValue,
  InvalidRecordError,
  RecordVerifier,
  signRecord,
  userHash
} from '@hearsay/protocol-cup2py'
import { decodeLibrary, parseLibraryRequest } from '@hearsay/protocol-cup2py/library'
import { describe, expect, it } from 'vitest'
import { dateIn, TestUser } from './users.ts'

const vectors = JSON.parse(
  readFileSync(new URL('../../../interop/vectors/originals/cup2py.json', import.meta.url), 'utf8')
) as {
  keys: { name: string; privatePem: string }[]
  handler: { label: string; message: string }[]
}
const key = (name: string): RsaPrivateKey =>
  RsaPrivateKey.fromPem(vectors.keys.find((each) => each.name === name)!.privatePem, { minBits: 1_024 })

describe('a record', async () => {
  const [user, other] = [new TestUser(), new TestUser()]
  const record = await user.record('/ip4/192.0.2.1/tcp/1/p2p/12D3KooWA', dateIn(-5))
  const stolen = await other.record(record.address, record.date)
  const verifier = new RecordVerifier({})

  it('that its key signed is valid', async () => {
    expect(await verifier.verify(record)).toBe('valid')
  })

  it.each([
    ['another address', { address: `${record.address}B` }],
    ['another date', { date: dateIn(-4) }],
    ['another key', { publicKey: stolen.publicKey, hash: stolen.hash }],
    ['the hash of another', { hash: stolen.hash }],
    ['the signature of another', { signature: stolen.signature }],
    ['a signature of nothing', { signature: btoa('x') }],
    ['a signature of zeros', { signature: Buffer.alloc(256).toString('base64') }]
  ])('with %s is invalid, as often as it comes (T12)', async (_name, change) => {
    for (let i = 0; i < 3; i++) {
      expect(await verifier.verify({ ...record, ...change })).toBe('invalid')
    }
  })

  it('is valid for all of many checks at once', async () => {
    const all = Array.from({ length: 64 }, async (_, i) =>
      verifier.verify(i % 2 === 0 ? record : { ...record, address: 'x' })
    )
    expect(await Promise.all(all)).toEqual(all.map((_, i) => (i % 2 === 0 ? 'valid' : 'invalid')))
  })

  it('with a key that is none is invalid', async () => {
    const rubbish = record.publicKey.replace(/MII./, 'AAAA')
    expect(await verifier.verify({ ...record, publicKey: rubbish })).toBe('invalid')
  })

  it('with a key of 1,024 bits is taken only where that is allowed', async () => {
    const short = await signRecord(key('k1024a'), userHash(key('k1024a').publicKey.pkcs1Pem), 'a', dateIn(-5))
    expect(await verifier.verify(short)).toBe('unsupported')
    expect(await new RecordVerifier({ minBits: 1_024 }).verify(short)).toBe('valid')
  })
})

describe('in the DHT', async () => {
  const user = new TestUser()
  const [old, fresh] = [await user.record('/a/p2p/x', dateIn(-9)), await user.record('/b/p2p/x', dateIn(-5))]
  const { validate, select } = dhtRules()

  it('a record stands under its user, as the text of an UPDATE', async () => {
    expect(new TextDecoder().decode(dhtKey(user.hash))).toBe(`/cup2py/${user.hash}`)
    expect(new TextDecoder().decode(dhtValue(fresh))).toMatch(/^UPDATE;-----BEGIN RSA PUBLIC KEY(?:.|\n)*;0;\[\]$/)
    await expect(validate(dhtKey(user.hash), dhtValue(fresh))).resolves.toBeUndefined()
  })

  it('the newest is selected, and what is none loses (T9)', () => {
    expect(select(dhtKey(user.hash), [dhtValue(old), dhtValue(fresh)])).toBe(1)
    expect(select(dhtKey(user.hash), [dhtValue(fresh), dhtValue(old)])).toBe(0)
    expect(select(dhtKey(user.hash), [new Uint8Array(3), dhtValue(old)])).toBe(1)
  })

  it.each([
    ['under another key', dhtKey(new TestUser().hash), dhtValue(fresh)],
    ['that is forged', dhtKey(user.hash), dhtValue({ ...fresh, address: '/c/p2p/x' })],
    ['that is no record', dhtKey(user.hash), new TextEncoder().encode('UPDATE')],
    [
      'with a depth',
      dhtKey(user.hash),
      new TextEncoder().encode(new TextDecoder().decode(dhtValue(fresh)).replace(';0;[]', ';1;[]'))
    ]
  ])('a value %s is refused (T12)', async (_name, at, value) => {
    await expect(validate(at, value)).rejects.toThrow(InvalidRecordError)
  })

  it('a value of the future is refused (T18)', async () => {
    await expect(validate(dhtKey(user.hash), dhtValue(await user.record('', dateIn(3_600))))).rejects.toThrow('future')
  })
})

describe('as the library reads them', () => {
  const { message } = vectors.handler.find(({ label }) => label === 'UPDATE new user, empty address book, depth 3')!
  const fields = message.split(';')
  const variant = (index: number, value: string): string => fields.with(index, value).join(';')

  it.each([
    [' 3\n', 3n],
    ['+1_000', 1_000n],
    ['-7', -7n],
    ['007', 7n]
  ])('a depth of %j is %s', (text, depth) => {
    expect(parseLibraryRequest(variant(5, text)).depth).toBe(depth)
  })

  it.each(['3.0', '1__0', '_1', '1_', '', '0x3', '+ 3', '1'.repeat(4_301)])('a depth of %j is none', (text) => {
    expect(() => parseLibraryRequest(variant(5, text))).toThrow('depth')
  })

  it('keys may end their lines in CRLF, and are put right', () => {
    expect(parseLibraryRequest(variant(1, fields[1]!.replaceAll('\n', '\r\n'))).record.publicKey).toBe(fields[1])
  })

  it.each([
    ['YQ=x=y', 'YQw='],
    ['YQ==YQ==', 'YQ=='],
    ['Y Q*=\n=', 'YQ=='],
    ['=YWJj', 'YWJj']
  ])('the base64 %j is %j', (text, strict) => {
    expect(parseLibraryRequest(variant(4, text)).record.signature).toBe(strict)
  })

  it.each(['YQ', 'YQ=', 'YWJjZ'])('the base64 %j is none', (text) => {
    expect(() => parseLibraryRequest(variant(4, text))).toThrow('base64')
  })

  it('over the network depth and list are kept within bounds', () => {
    const read = decodeLibrary({ minBits: 1_024 })
    const huge = read(new TextEncoder().encode(fields.with(5, '9'.repeat(30)).with(6, '[abc,]').join(';')))
    expect(huge).toMatchObject({ type: 'update', depth: 16, checked: [] })
    expect(read(new TextEncoder().encode(variant(5, '-3')))).toMatchObject({ depth: 0 })
    // others would call it malformed
    expect(() => read(new TextEncoder().encode(variant(2, 'a'.repeat(1_025))))).toThrow('1025 characters')
    expect(() => read(new TextEncoder().encode(['SEARCH', 'alice', ...fields.slice(1)].join(';')))).toThrow('user hash')
  })
})
