import { createHash } from 'node:crypto'
import { numberOf } from '../command.ts'
import { readStdin } from '../stdin.ts'
import type { DhtGot, DhtReceipt } from '../../control/routes/dht.ts'
import type { CommandSpec } from '../command.ts'

const MAX_BYTES = 65_495
/** In ms; the node takes 30 s at most, and may have others to do first */
const TIMEOUT = 60_000
const KEY = ['<key>', 'a name, whose SHA-256 is the key; or 64 hexadecimal digits, which are one'] as const
const OWNED = ['--owned', 'under a key that takes values of this node alone'] as const

export const dhtPut: CommandSpec = {
  name: 'dht put',
  summary: 'put a value on the DHT; done once its copies were read back',
  args: [KEY, ['[value]', 'a text; stdin if left out']],
  options: [
    ['--ttl <s>', 'how long it lives, 0–65535; 0 is 300 (default 0)'],
    ['--replication <n>', 'copies, 0–255; 0 is 3 (default 0)'],
    OWNED
  ],
  examples: [
    ["'a name' hello", 'for 5 minutes, 3 copies'],
    ["'a name' --ttl 3600 < picture.png", 'for an hour, up to 65,495 bytes of anything']
  ],
  failure: 'no peer stored it',
  asksNode: true,
  run: async ({ connect, args: [key, text], options, print, progress }) => {
    const ttl = numberOf('--ttl', String(options['ttl'] ?? 0), 65_535)
    const replication = numberOf('--replication', String(options['replication'] ?? 0), 255)
    const client = await connect()
    const value = text === undefined ? await readStdin('a value', MAX_BYTES) : Buffer.from(text)
    const body = {
      key: keyOf(key!),
      value: value.toString('base64'),
      ttl,
      replication,
      owned: options['owned'] === true
    }
    progress('making copies, and reading them back')
    const receipt = await client.post<DhtReceipt>('/v1/dht/values', body, TIMEOUT)
    const { storedOn, verifiedOn, expiresAt } = receipt
    print(receipt, `${storedOn.length} copies, ${verifiedOn.length} read back, until ${expiresAt}`)
    return storedOn.length === 0 ? 1 : 0
  }
}

export const dhtGet: CommandSpec = {
  name: 'dht get',
  summary: 'get a value from the DHT; its bytes go to stdout as they are',
  args: [KEY],
  options: [OWNED],
  examples: [
    ["'a name'", 'what is under the name now'],
    ["'a name' > picture.png", 'into a file'],
    ["'a name' --json", 'in base64']
  ],
  failure: 'no value was found',
  asksNode: true,
  run: async ({ connect, args: [key], options, print, write, progress }) => {
    const client = await connect()
    progress('looking')
    const owned = options['owned'] === true ? '?owned=true' : ''
    const answer = await client.get<DhtGot>(`/v1/dht/values/${keyOf(key!)}${owned}`, TIMEOUT)

    if (options['json'] === true) {
      print(answer, '')
    } else {
      await write(Buffer.from(answer.value, 'base64'))
    }
  }
}

function keyOf(text: string): string {
  return /^[\da-f]{64}$/i.test(text) ? text.toLowerCase() : createHash('sha256').update(text).digest('hex')
}
