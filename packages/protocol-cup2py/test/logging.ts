/** A program of its own, as logs are written to its standard error: one node, and all that strangers do to be logged. */
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { varintPrefix } from '@hearsay/protocol-core/pure'
import { sessionEnd } from '@hearsay/protocol-core/testing'
import { BOOK_PROTOCOL, MemoryBook } from '@hearsay/protocol-cup2py'
import { encode } from '@hearsay/protocol-cup2py/codec'
import { addressOf, Hosts } from './hosts.ts'
import { strangerTo } from './stranger.ts'
import { dateIn, TestUser } from './users.ts'
import type { Message } from '@hearsay/protocol-cup2py/codec'

/** What a terminal, a parser of lines, and a reader would stumble over */
const SNEAKY = ['\u001b[2JSNEAKY', '\nhearsay:cup2py SNEAKY\r', '\u202eSNEAKY\u0007', `SNEAKY${'x'.repeat(900)}`]
const hosts = new Hosts()
const key = RsaPrivateKey.fromPem(process.env['TEST_KEY']!)
const addressBook = new MemoryBook()
const liar = await hosts.create({}, { services: {} as never })
const forged = { ...(await new TestUser().record('', dateIn(-60))), address: SNEAKY[0]! }
await liar.handle(BOOK_PROTOCOL, (stream) => {
  const { session } = sessionEnd(stream, { prefix: varintPrefix })
  session.send(encode({ type: 'update', record: forged, depth: 0, checked: [] }))
  void session.close()
})
const nowhere = '/memory/SNEAKY-not-there'
const host = await hosts.create({
  key,
  addressBook,
  knownPeers: [addressOf(liar)],
  dialTimeout: 1_000,
  quietTime: 10,
  requestRate: 10_000,
  dht: {
    get: async () => new TextEncoder().encode(`UPDATE;${SNEAKY.join(';')}`),
    put: async () => Promise.reject(new Error('no peers'))
  }
})
const service = host.services.cup2py
const said: Message[] = []

// users at addresses that are no address, and at some where nobody is
for (const address of [
  ...SNEAKY.map((text) => `/${text}/p2p/12D3KooWA`),
  ...SNEAKY,
  '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWA',
  '/dns4/a/p2p/b'
]) {
  const user = new TestUser()
  const record = await user.record(address, dateIn(-60))
  const messenger = await strangerTo(host, hosts)
  messenger.say({ type: 'update', record, depth: 3, checked: [] })
  said.push({
    type: 'search',
    target: user.hash,
    sender: await new TestUser().record(address, dateIn(-5)),
    depth: 3,
    checked: []
  })
  while ((await service.get(user.hash)) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }

  await service.resolve(user.hash).catch(() => {})
}

await service.publish()
const asking = await strangerTo(host, hosts)
asking.say(...said)
;(await strangerTo(host, hosts)).say({ type: 'update', record: forged, depth: 3, checked: [] })
;(await strangerTo(host, hosts)).stream.send(new TextEncoder().encode(`\u0040${SNEAKY.join(';')}`))
await service.bootstrap(nowhere).catch(() => {})
await service.bootstrap(addressOf(liar)).catch(() => {})

while (service.stats.closed.malformed === 0 || service.stats.closed.forged === 0) {
  await new Promise((resolve) => setTimeout(resolve, 10))
}

addressBook.put = () => {
  throw new Error('disk full')
}
await service.publish().catch(() => {})
await hosts.stop()
