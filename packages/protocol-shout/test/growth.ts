/** A program of its own, so that its memory is nobody else's: identities come, do one of many things, and go. */
import { hash, randomFillSync } from 'node:crypto'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { encodeValue, unsignedMessage } from '@hearsay/protocol-shout/codec'
import { engineDefaults, Opcode, ShoutEngine } from '@hearsay/protocol-shout/engine'
import { fakeKey } from './script.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Value } from '@hearsay/protocol-shout/codec'
import type { Answer, Ask, Command, ShoutEffect } from '@hearsay/protocol-shout/engine'

const COUNT = Number(process.argv[2])
/** All that is bounded is full by then */
const WARM_UP = Math.min((COUNT * 2) / 3, 50_000)
const BITS = 2_048
const SIGNATURE_BYTES = 256
/** So many stay for a while */
const STAYING = 64
const TIMERS = ['handshake', 'requests', 'idle', 'whisper', 'announce', 'list']
const self = fakeKey('self')
const engine = new ShoutEngine({
  self: 'self' as PeerKey,
  key: self,
  config: { ...engineDefaults, maxInbound: 2 * STAYING, maxValues: 1_024 },
  random: seededRandom(1),
  epoch: 1_700_000_000_000,
  seen: { offset: undefined, digests: [] }
})
let now = 0
/** Under way */
const dials: string[] = []

/** The DER of a key that nobody had before */
function newKey(): Uint8Array {
  const key = new Uint8Array(self)
  const modulus = key.subarray(33, 33 + SIGNATURE_BYTES)
  randomFillSync(modulus)
  modulus[0]! |= 0x80
  modulus[SIGNATURE_BYTES - 1]! |= 1
  return key
}

/** Its signature is believed, and new */
function message(opcode: number, from: Uint8Array, to: Uint8Array, value: Value, sealed = false): Uint8Array {
  const bytes = unsignedMessage(BITS, { opcode, sealed, from, to, payload: encodeValue(value) })
  randomFillSync(bytes, 0, SIGNATURE_BYTES)
  return bytes
}

function answerTo(ask: Ask): Answer {
  const { ticket } = ask

  switch (ask.type) {
    case 'sign': {
      const { opcode, from, to, payload, seal } = ask
      const bytes = unsignedMessage(BITS, { opcode, from, to, payload, sealed: seal })
      randomFillSync(bytes, 0, SIGNATURE_BYTES)
      return { type: 'signed', ticket, bytes }
    }
    case 'verify':
      return { type: 'verified', ticket, valid: ask.checks.map(() => true) }
    case 'inflate':
      return { type: 'inflated', ticket, body: undefined }
    case 'open':
      return { type: 'opened', ticket, payload: undefined }
    case 'relay':
      return { type: 'relay', ticket, allowed: true }
  }
}

/** Answers asks; dials wait, and fail later */
function input(first: Parameters<typeof engine.handle>[0]): void {
  const effects: ShoutEffect[] = engine.handle(first, now)

  for (const effect of effects) {
    if (effect.type === 'ask') {
      effects.push(...engine.handle({ type: 'answer', answer: answerTo(effect.ask) }, now))
    } else if (effect.type === 'dial') {
      dials.push(effect.dial)
    } else if (effect.type === 'close') {
      effects.push(...engine.handle({ type: 'disconnected', peer: effect.peer }, now))
    }
  }
}

function says(peer: PeerKey, ...messages: Uint8Array[]): void {
  input({ type: 'message', peer, message: { compression: 0, body: Uint8Array.from(Buffer.concat(messages)) } })
}

function changeKey(key: Uint8Array): Uint8Array {
  return message(Opcode.CHANGE_KEY, key, key, [key, newKey(), new Uint8Array(SIGNATURE_BYTES)])
}

/** What one identity does: something else each time */
const DEEDS: ((key: Uint8Array, i: number) => Uint8Array)[] = [
  (key, i) => message(Opcode.ANNOUNCE, key, key, [`/ip4/198.${i & 63}.${(i >> 6) & 255}.1/tcp/1/p2p/${i}`, 0]),
  (key, i) => message(Opcode.SPEAK, key, key, i),
  (key, i) => message(Opcode.WHISPER, key, newKey(), i, true),
  (key) => message(Opcode.FIND_NODE, key, self, newKey()),
  (key, i) => message(Opcode.CUSTOM, key, self, { app: String(i), data: i }),
  (key, i) => message(Opcode.ACK, key, self, [Opcode.FIND_NODE, [newKey(), `/ip4/203.0.113.1/tcp/1/p2p/${i}`, 0]]),
  // more often, as many are remembered
  changeKey,
  changeKey,
  changeKey,
  (key, i) => message(Opcode.STORE, key, self, [addressOf(i), String(i), i, { version: 1 }])
]

function addressOf(i: number): Uint8Array {
  return hash('sha256', String(i), 'buffer')
}

function visit(i: number): void {
  const peer = `peer-${i}` as PeerKey
  const key = newKey()
  input({ type: 'connected', peer, direction: 'inbound', protocol: '', group: `group ${i}` })
  const subnet = message(Opcode.SET_CONNECTION_OPT, key, key, [2, [20, 3, 256, BITS, 8, 'libp2p', '']])
  const connection = message(Opcode.SET_CONNECTION_OPT, key, key, [3, [peer, 'self']])

  // one in ten proves nothing
  if (i % 10 > 0) {
    says(peer, subnet, connection)
    says(peer, message(Opcode.SHOUT, key, key, i), DEEDS[i % DEEDS.length]!(key, i))
  }

  if (i % 100 === 0) {
    const command = { type: 'whisper', call: i, to: newKey(), payload: encodeValue(i), mode: 'auto', sealed: true }
    input({ type: 'command', command: command as Command })
    input({ type: 'found', peer: `found-${i}` as PeerKey, direction: 'outbound' })
  }

  input({ type: 'disconnected', peer: `peer-${i - STAYING}` as PeerKey })
}

/** Entries of all maps, sets and lists that the engine holds */
function entries(): number {
  const found = new Set<object>([engine])
  let count = 0

  for (const each of found) {
    if (!ArrayBuffer.isView(each)) {
      const held: unknown[] =
        each instanceof Map
          ? [...each.keys(), ...each.values()]
          : each instanceof Set || Array.isArray(each)
            ? [...each]
            : Object.values(each)
      count += each instanceof Map || each instanceof Set ? each.size : Array.isArray(each) ? each.length : 0
      held.forEach((value) => typeof value === 'object' && value !== null && found.add(value))
    }
  }

  return count
}

/** Bytes that something still refers to */
function live(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const before = { live: 0, rss: 0, entries: 0, time: 0 }
const times: number[] = []

for (let i = 0; i < COUNT; i++) {
  if (i % (COUNT / 10) === 0) {
    const { user, system } = process.cpuUsage()
    times.push(user + system - before.time)
    before.time = user + system
  }

  if (i === WARM_UP) {
    before.entries = entries()
    before.live = live()
    before.rss = process.memoryUsage().rss
  }

  now += 3
  visit(i)

  if (i % 1_000 === 0) {
    TIMERS.forEach((key) => input({ type: 'timer', key }))
    dials.splice(0).forEach((dial) => input({ type: 'dialled', dial }))
  }
}

const MIB = 2 ** 20
const lived = (live() - before.live) / MIB
const rss = (process.memoryUsage().rss - before.rss) / MIB
// of the processor, so that others do not count: first the start of the program, then the warming up
const [, , second] = times
console.log(JSON.stringify({ lived, rss, more: entries() - before.entries, second, last: times.at(-1) }))
