import { DecodeError } from '@hearsay/protocol-core/pure'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEnvelope, encodeEnvelope, MAX_ENVELOPE_BYTES, signedBytes } from '../../src/dht/rules/envelope.ts'
import type { Envelope } from '../../src/dht/rules/envelope.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const sample: Envelope = {
  issuedAt: 1_000,
  expiresAt: 6_000,
  sequence: 2 ** 53 - 1,
  replication: 3,
  owner: hex('0102'),
  payload: hex('ff'),
  signature: hex('0a0b0c')
}
const CONTENT = '0801 10e807 18f02e 20ffffffffffffff0f 2803 32020102 3a01ff'
const SAMPLE = `${CONTENT} 42030a0b0c`

const number = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const some = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: 1, maxLength, size: 'medium' }).map((value) => Uint8Array.from(value))
const envelopes: fc.Arbitrary<Envelope> = fc.record({
  issuedAt: number,
  expiresAt: number,
  sequence: number,
  replication: number,
  owner: some(600),
  payload: some(65_495),
  signature: some(512)
})

/** Why; anything but a DecodeError is thrown on */
function refused(bytes: Uint8Array): string {
  try {
    decodeEnvelope(bytes)
    return 'taken'
  } catch (err) {
    if (!(err instanceof DecodeError)) {
      throw err
    }

    return err.message
  }
}

describe('an envelope', () => {
  it('is a protobuf message with fields 1 to 8', () => {
    expect(Buffer.from(encodeEnvelope(sample)).toString('hex')).toBe(SAMPLE.replaceAll(' ', ''))
    expect(decodeEnvelope(hex(SAMPLE))).toEqual(sample)
  })

  it('is what it was after encoding and decoding', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope)
      })
    )
  })

  it('has one form: what decodes encodes to the same bytes', () => {
    const mutant = fc.tuple(envelopes, fc.nat(), fc.nat(255)).map(([envelope, at, byte]) => {
      const bytes = encodeEnvelope(envelope)
      bytes[at % bytes.byteLength] = byte
      return bytes
    })
    fc.assert(
      fc.property(mutant, (bytes) => {
        const again = refused(bytes) === 'taken' ? encodeEnvelope(decodeEnvelope(bytes)) : bytes
        expect(again).toEqual(bytes)
      }),
      { numRuns: 2_000 }
    )
  })

  it('throws nothing but DecodeError on whatever bytes (T1)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        refused(bytes)
      }),
      { numRuns: 10_000 }
    )
  })

  it('is refused at every length but its own', () => {
    const bytes = hex(SAMPLE)

    for (let length = 0; length < bytes.byteLength; length++) {
      expect(refused(bytes.subarray(0, length))).not.toBe('taken')
    }

    expect(refused(hex(`${SAMPLE}00`))).toBe('1 bytes too many')
  })

  it.each([
    ['another version', SAMPLE.replace('0801', '0802'), /^an envelope of version 2, known is 1/],
    ['no payload', SAMPLE.replace('3a01ff', '3a00'), /^field 7 .* has 0 bytes/],
    ['no owner', SAMPLE.replace('32020102', '3200'), /^field 6 .* has 0 bytes/],
    ['no signature', CONTENT, /^1 bytes expected/],
    ['fields in another order', SAMPLE.replace('10e807 18f02e', '18f02e 10e807'), /^field 2 .* out of order/],
    ['a field twice', SAMPLE.replace('2803', '2803 2803'), /^field 6 .* out of order/],
    ['an unknown field', `${SAMPLE} 4801`, /^2 bytes too many/],
    [
      'a number longer than needed',
      SAMPLE.replace('2803', '288300'),
      /^a number in the envelope is longer than needed/
    ],
    ['a number over 2^53', SAMPLE.replace('20ffffffffffffff0f', '20ffffffffffffff1f'), /too large/],
    ['a number without end', SAMPLE.replace('2803', `28${'ff'.repeat(9)}01`), /too large/],
    ['an owner of 601 bytes', SAMPLE.replace('32020102', `32d904${'00'.repeat(601)}`), /^field 6 .* has 601 bytes/],
    ['a signature of 513 bytes', `${CONTENT}428104${'00'.repeat(513)}`, /^field 8 .* has 513 bytes/]
  ])('with %s is refused', (_name, bytes, message) => {
    expect(refused(hex(bytes))).toMatch(message)
  })

  it('may have 65,495 bytes of payload, and not one more', () => {
    const largest = { ...sample, payload: new Uint8Array(65_495).fill(1) }
    expect(decodeEnvelope(encodeEnvelope(largest))).toEqual(largest)
    expect(refused(encodeEnvelope({ ...sample, payload: new Uint8Array(65_496) }))).toMatch(/has 65496 bytes/)
  })

  it('fits 68 KiB with the largest of everything', () => {
    const largest = {
      ...sample,
      payload: new Uint8Array(65_495),
      owner: new Uint8Array(600),
      signature: new Uint8Array(512)
    }
    expect(encodeEnvelope(largest).byteLength).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES)
    expect(refused(new Uint8Array(MAX_ENVELOPE_BYTES + 1))).toMatch(/^an envelope of 69633 bytes, at most 69632/)
  })
})

describe('what is signed', () => {
  it('is the purpose, the record key with its length, and all fields but the signature', () => {
    const signed = Buffer.from(signedBytes(new TextEncoder().encode('/hearsay/a'), sample))
    expect(signed.toString('hex')).toBe(
      Buffer.from('hearsay-dht-1').toString('hex') +
        `000a${Buffer.from('/hearsay/a').toString('hex')}${CONTENT.replaceAll(' ', '')}`
    )
  })
})
