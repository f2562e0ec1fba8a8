import { Compression, Opcode, Option, shoutDefaults } from '@hearsay/protocol-shout'
import {
  addressOf,
  bytesOfKey,
  decodeMessages,
  decodeTransmission,
  distance,
  encodeTransmission,
  figures,
  headerBytes,
  keyBytes
} from '@hearsay/protocol-shout/codec'
import { each, same } from './case.ts'
import { base64, flag, hex, integer, list, object, text } from './json.ts'
import { toHex } from './frames.ts'
import type { Case, Checker, Sections } from './case.ts'
import type { Json, JsonObject } from './json.ts'

type Numbers = Record<string, number>

/** Named numbers, all of them and no others */
function table(ours: Numbers): Checker {
  return (section) =>
    Object.entries(object(section, 'the section')).map(([name, value]) => ({
      name: `.${name}`,
      check: () => {
        same('the number', ours[name], value)
        same('the names', Object.keys(object(section, 'the section')).toSorted(), Object.keys(ours).toSorted())
      }
    }))
}

/** Reserved numbers: none of them is used */
function reserved(ours: Numbers, last: number): Checker {
  const used = new Set(Object.values(ours))
  const free = Array.from({ length: last + 1 }, (_, i) => i).filter((i) => !used.has(i))
  return (section) =>
    list(section, 'the section').map((value, index) => ({
      name: `[${index}]`,
      check: () => {
        same('the number', free[index], value)
        same('how many there are', list(section, 'the section').length, free.length)
      }
    }))
}

export const tables: Sections = {
  opcodes: table(Opcode),
  reservedOpcodes: reserved(Opcode, 15),
  compressionMethods: table(Compression),
  reservedCompression: reserved(Compression, 7),
  options: table({
    compression: Option.COMPRESSION,
    preferredCompression: Option.PREFERRED_COMPRESSION,
    subnet: Option.SUBNET
  })
}

/** Lengths of keys and headers; the rest of it is prose */
export function parameters(section: Json, siblings: JsonObject): Case[] {
  const given = object(section, 'the section')
  const checks: Record<string, () => void> = {
    beta: () => same('beta', given['beta'], shoutDefaults.beta),
    derLengths: () => {
      const lengths = list(siblings['keys'], 'keys').map((key) => [
        text(object(key, 'key'), 'name'),
        base64(object(key, 'key'), 'publicSpkiDer').byteLength
      ])
      same('derLengths', given['derLengths'], Object.fromEntries(lengths))
    },
    headerLength: () => {
      const lengths = [2_048, 3_072, 4_096].map((bits) => [String(bits), headerBytes(bits)])
      same('headerLength', given['headerLength'], Object.fromEntries(lengths))
      same('a header', headerBytes(2_048), 6 + 256 + 2 * keyBytes(2_048))
    }
  }

  return Object.keys(given).map((name) => {
    const check = checks[name]
    return check === undefined ? { name: `.${name}` } : { name: `.${name}`, check }
  })
}

export const distances: Sections = {
  proposed: each(checkDistance),
  keys: each((entry) => {
    same('tau', 4 * text(entry, 'address').length, integer(entry, 'tau'))
    same('address', toHex(addressOf(bytesOfKey(text(entry, 'key')), integer(entry, 'tau'))), text(entry, 'address'))
  })
}

function checkDistance(entry: JsonObject): void {
  const [a, b] = [hex(entry, 'addressA'), hex(entry, 'addressB')]
  same('bits of an address', 8 * a.byteLength, integer(entry, 'tau'))
  const shown = BigInt(`0x${toHex(distance(a, b))}`).toString(16)
  same('distance', shown, text(entry, 'distanceHex'))
}

function values(ours: (entry: JsonObject) => Numbers): Sections {
  return {
    values: each((entry) => {
      for (const [name, value] of Object.entries(ours(entry))) {
        same(name, value, entry[name])
      }
    })
  }
}

const n = (entry: JsonObject): number => integer(entry, 'n')
const l = (entry: JsonObject): number => integer(entry, 'l')

export const formulas: Sections = {
  l_limit: values((entry) => ({ limit: figures.highestLimit(integer(entry, 'k'), integer(entry, 'tau')) })),
  m_saturated: values((entry) => ({ m: figures.saturatedMessages(n(entry)) })),
  m_limited: values((entry) => ({ m: figures.limitedMessages(n(entry), l(entry)) })),
  crossover: values((entry) => {
    same('messages of both', figures.saturatedMessages(n(entry)), figures.limitedMessages(n(entry), l(entry)))
    return { n: figures.crossoverNodes(l(entry)), m: figures.saturatedMessages(n(entry)) }
  }),
  lag: values((entry) => {
    same('applies', flag(entry, 'applies'), n(entry) > figures.crossoverNodes(l(entry)))
    return { lag: figures.lagOf(n(entry), l(entry)) }
  }),
  hub_lag: values((entry) => ({ lag: figures.hubLagOf(n(entry), l(entry)) })),
  bandwidth_factor: values((entry) => ({ factor: figures.bandwidthFactor(n(entry), l(entry)) }))
}

/** That a transmission is what its own parts encode to */
export function checkEncoding(transmission: Uint8Array, bits: number): void {
  const body = transmission.subarray(6)
  const { compression } = decodeTransmission(transmission.subarray(1))
  same('the transmission when encoded', toHex(encodeTransmission({ compression, body })), toHex(transmission))
  same('the bytes of its messages', lengthOf(body, bits), body.byteLength)
}

function lengthOf(body: Uint8Array, bits: number): number {
  return decodeMessages(body, bits).reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
}
