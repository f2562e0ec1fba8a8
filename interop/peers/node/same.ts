import { isDeepStrictEqual } from 'node:util'
import type { Message } from './frames.ts'

/** @throws {Error} when they differ */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Error(`${what} is ${JSON.stringify(actual)}, and must be ${JSON.stringify(expected)}`)
  }
}

/** A field in the form the vectors have it */
export function shown({ numbers, data, ...message }: Message, name: string): unknown {
  switch (name) {
    case 'size':
    case 'type':
    case 'valid':
    case 'addresses':
      return message[name]
    case 'dataHex':
      return data.toString('hex')
    case 'messageId':
      return Number(numbers['messageId'] ?? numbers['id'])
    case 'id':
    case 'challenge':
    case 'nonce':
      return String(numbers[name])
    default:
      return name.endsWith('Hex') ? numbers[name.slice(0, -3)]?.toString(16).padStart(16, '0') : Number(numbers[name])
  }
}
