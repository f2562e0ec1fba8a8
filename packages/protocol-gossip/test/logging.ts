/** A program of its own, as logs are written to its standard error: a calm while, then all that strangers do to be logged. */
import { sessionEnd } from '@hearsay/protocol-core/testing'
import { PROTOCOL } from '@hearsay/protocol-gossip'
import { decode, encode } from '@hearsay/protocol-gossip/codec'
import { addressOf, Hosts } from './hosts.ts'
import { nonceFor } from './script.ts'
import type { GossipHost } from './hosts.ts'
import type { Message } from '@hearsay/protocol-gossip/codec'

/** What a terminal, a parser of lines, and a reader would stumble over */
const SNEAKY = ['\u001b[2JSNEAKY', '\nhearsay:gossip SNEAKY\r', '\u202eSNEAKY\u0007', 'SNEAKY é']
const PLAIN = ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWA', '/dns4/a/p2p/b', '/rubbish/p2p/c']
const hosts = new Hosts()
const text = new TextEncoder()
let logged = ''
const write = process.stderr.write.bind(process.stderr)
process.stderr.write = (chunk: string | Uint8Array): boolean => {
  logged += String(chunk)
  return write(chunk)
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** What it does with what it hears is up to `onMessage`, which is given a way to answer */
async function stranger(host: GossipHost, onMessage: (message: Message, say: (...all: Message[]) => void) => void) {
  const other = await hosts.create({}, { services: {} as never })
  const stream = await (await other.dial(host.getMultiaddrs())).newStream(PROTOCOL)
  const end = sessionEnd(stream, { onFrame: (frame) => onMessage(decode(frame), say) })
  const say = (...all: Message[]): void => {
    all.forEach((message) => end.session.send(encode(message)))
    end.session.flush()
  }
  return { stream, ended: end.ended }
}

/** The host accepts its proof, and then hears this from it */
async function verified(host: GossipHost, answer: (message: Message) => Message[]) {
  return stranger(host, (message, say) =>
    message.type === 'challenge'
      ? say({ type: 'proof', nonce: nonceFor(message.challenge, true, 4) })
      : say(...answer(message))
  )
}

const a = await hosts.create({ searchCooldown: 1_000 })
const b = await hosts.create({ knownPeers: [addressOf(a)] })
let heard = 0
a.services.gossip.addEventListener('message', () => heard++)
a.services.gossip.subscribe(7, (data) => data.byteLength > 1)
a.services.gossip.subscribe(8, (data) => JSON.parse(new TextDecoder().decode(data)) !== undefined)
await until(() => b.services.gossip.peers.length === 1)
// half of them valid, and as many that nobody subscribed to
Array.from({ length: 1_000 }, (_, i) => b.services.gossip.announce(7 + (i & 2), new Uint8Array(1 + (i & 1))))
await until(() => heard === 250)
process.stderr.write('STORM\n')

const closed: string[] = []
a.services.gossip.addEventListener('peer:closed', ({ detail }) => closed.push(detail.reason))
const addresses = [
  ...PLAIN,
  ...SNEAKY.flatMap((sneaky) => [`/${sneaky}/p2p/12D3KooWA`, `/ip4/127.0.0.1/p2p/${sneaky}`])
]
await verified(a, ({ type }) => (type === 'discovery' ? [{ type: 'offer', addresses }] : []))
SNEAKY.forEach((sneaky) => b.services.gossip.announce(8, text.encode(sneaky)))
;(await stranger(a, () => {})).stream.send(Uint8Array.of(0, 5, ...text.encode(SNEAKY[0])))
await (
  await verified(a, ({ type }) => (type === 'verdict' ? [{ type: 'offer', addresses: SNEAKY }] : []))
).ended
const bootstrapper = '/memory/not-there'
const lonely = await hosts.create({ bootstrapper })
await until(() => closed.includes('malformed') && closed.includes('violation'))
// what is offered is dialled a moment after the search that asked for it
await until(() => PLAIN.every((address) => logged.includes(`dial to ${address.split('/p2p/')[1]} failed`)))
await lonely.stop()
await hosts.stop()
