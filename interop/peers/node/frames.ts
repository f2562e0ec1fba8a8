/**
 * Frames `size:u16 type:u16 body`, big-endian, where size counts all of it: gossip between peers, and its API. Written
 * from docs/specs/gossip.md, and from none of our packages.
 */
import { hasFault } from './fault.ts'

/** A number of so many bytes; `reserved` is sent as zeros */
type Field = readonly [name: string, width: number]

interface Layout {
  type: number
  name: string
  fields: readonly Field[]
  /** What comes after them; without it, nothing may */
  rest?: 'data' | 'addresses'
  /** The last field is of reserved bits, and `valid` the lowest of them */
  hasFlag?: true
}

export interface Message {
  type: number
  name: string
  size: number
  numbers: Record<string, bigint>
  valid: boolean
  data: Buffer
  addresses: string[]
}

/** Thrown for what is no message of its dialect */
export class Refused extends Error {
  override name = 'Refused'
}

const HEADER_BYTES = 4
const ANNOUNCE_FIELDS: readonly Field[] = [
  ['id', 8],
  ['ttl', 1],
  ['reserved', 1],
  ['dataType', 2]
]
const SWAPPED_FIELDS: readonly Field[] = [
  ['id', 8],
  ['dataType', 2],
  ['ttl', 1],
  ['reserved', 1]
]
const announce: Layout = {
  type: 504,
  name: 'announce',
  fields: hasFault('fields-swapped') ? SWAPPED_FIELDS : ANNOUNCE_FIELDS,
  rest: 'data'
}
const info = simple(507, 'info', [
  ['reserved', 2],
  ['port', 2]
])
const challengeOf = (type: number): Layout => simple(type, 'challenge', [['challenge', 8]])
const proofOf = (type: number): Layout => simple(type, 'proof', [['nonce', 8]])

export type Dialect = readonly Layout[]

export const dialects = {
  api: [
    {
      type: 500,
      name: 'announce',
      fields: [
        ['ttl', 1],
        ['reserved', 1],
        ['dataType', 2]
      ],
      rest: 'data'
    },
    simple(501, 'notify', [
      ['reserved', 2],
      ['dataType', 2]
    ]),
    {
      type: 502,
      name: 'notification',
      fields: [
        ['messageId', 2],
        ['dataType', 2]
      ],
      rest: 'data'
    },
    {
      type: 503,
      name: 'validation',
      fields: [
        ['messageId', 2],
        ['reserved', 2]
      ],
      hasFlag: true
    }
  ],
  g1_final: [
    announce,
    simple(505, 'discovery', []),
    { type: 506, name: 'offer', fields: [], rest: 'addresses' },
    info,
    challengeOf(508),
    proofOf(509),
    { type: 510, name: 'verdict', fields: [['reserved', 4]], hasFlag: true }
  ],
  g1_midterm: [
    announce,
    challengeOf(505),
    {
      type: 506,
      name: 'offer',
      fields: [
        ['challenge', 8],
        ['nonce', 8]
      ],
      rest: 'addresses'
    },
    info
  ],
  g2_document: [
    challengeOf(504),
    proofOf(505),
    simple(506, 'verdict', []),
    {
      type: 507,
      name: 'announce',
      fields: [
        ['id', 2],
        ['dataType', 2],
        ['ttl', 1],
        ['reserved', 3]
      ],
      rest: 'data'
    }
  ]
} as const satisfies Record<string, Dialect>

function simple(type: number, name: string, fields: readonly Field[]): Layout {
  return { type, name, fields }
}

/** @throws {Refused} unless it is one message of the dialect */
export function decode(dialect: Dialect, frame: Buffer): Message {
  const type = frame.length < HEADER_BYTES ? -1 : frame.readUInt16BE(2)
  const shape = dialect.find((each) => each.type === type) ?? refuse(`unknown type ${type}`)
  const numbers: Record<string, bigint> = {}
  let at = HEADER_BYTES

  for (const [name, width] of shape.fields) {
    const end = at + width
    numbers[name] =
      end > frame.length ? refuse(`${shape.name} of ${frame.length} bytes`) : toNumber(frame.subarray(at, end))
    at = end
  }

  const rest = frame.subarray(at)

  if (shape.rest === undefined && rest.length > 0) {
    refuse(`${shape.name} of ${frame.length} bytes`)
  }

  const bits = numbers['reserved'] ?? 0n

  if (shape.hasFlag) {
    numbers['reserved'] = bits >> 1n
  }

  const addresses = shape.rest === 'addresses' ? toAddresses(rest) : []
  const data = shape.rest === 'data' ? rest : Buffer.alloc(0)
  return { type, name: shape.name, size: frame.length, numbers, valid: (bits & 1n) === 1n, data, addresses }
}

/** What a message to be sent has; what is left out is zero, or empty */
export interface Draft {
  numbers?: Readonly<Record<string, bigint>>
  valid?: boolean
  data?: Uint8Array
  addresses?: readonly string[]
}

/** A whole frame; reserved bits are zeros */
export function encode(
  dialect: Dialect,
  name: string,
  { numbers = {}, valid = false, data, addresses }: Draft = {}
): Buffer {
  const shape = dialect.find((each) => each.name === name) ?? refuse(`no message ${name}`)
  const fields = shape.fields.map(([field, width]) => {
    const isFlag = field === 'reserved' && shape.hasFlag === true && valid
    return toBytes(isFlag ? flagOf(width) : field === 'reserved' ? 0n : (numbers[field] ?? 0n), width)
  })
  const rest = addresses === undefined ? (data ?? new Uint8Array(0)) : Buffer.from(addresses.join(','))
  const body = Buffer.concat([toBytes(BigInt(shape.type), 2), ...fields, rest])
  return Buffer.concat([toBytes(BigInt(body.length + (hasFault('size-of-body') ? 0 : 2)), 2), body])
}

function flagOf(width: number): bigint {
  return hasFault('flag-in-top-bit') ? 1n << BigInt(8 * width - 1) : 1n
}

/** Of a frame that begins here; undefined while its size is not complete */
export function frameSize(bytes: Buffer): number | undefined {
  if (bytes.length < 2) {
    return undefined
  }

  const size = bytes.readUInt16BE(0) + (hasFault('size-of-body') ? 2 : 0)
  return size < HEADER_BYTES ? refuse(`a size of ${size}`) : size
}

/** Cuts whole frames off the front of what arrives */
export class Splitter {
  /** BOUNDED by one frame and one chunk */
  private bytes: Buffer = Buffer.alloc(0)

  /** @throws {Refused} on a size that no frame has */
  push(chunk: Uint8Array, onFrame: (frame: Buffer) => void): void {
    this.bytes = Buffer.concat([this.bytes, chunk])

    for (
      let size = frameSize(this.bytes);
      size !== undefined && size <= this.bytes.length;
      size = frameSize(this.bytes)
    ) {
      const frame = this.bytes.subarray(0, size)
      this.bytes = this.bytes.subarray(size)
      onFrame(frame)
    }
  }
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

function toBytes(value: bigint, width: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * width, '0'), 'hex')
}

function toAddresses(bytes: Buffer): string[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text === '' ? [] : text.split(',')
  } catch {
    return refuse('addresses that are not UTF-8')
  }
}

function refuse(why: string): never {
  throw new Refused(why)
}
