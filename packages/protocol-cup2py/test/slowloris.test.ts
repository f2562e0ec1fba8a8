import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { BOOK_PROTOCOL, PROTOCOL } from '@hearsay/protocol-cup2py'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { expect, it, vi } from 'vitest'
import type { ChildProcess } from 'node:child_process'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'

const CONNECTIONS = 100
const STREAMS = 32
/** In ms */
const IDLE_TIME = 12_000
const PATIENCE = 60_000
const MIB = 2 ** 20
/** A host sends no more samples at once */
const MAX_SAMPLES = 16

interface Told {
  rss: number
  closed: Record<string, number>
  received: Record<string, number>
}

async function ask(victim: ChildProcess): Promise<Told> {
  const answer = once(victim, 'message')
  victim.send('how are you')
  const [told] = (await answer) as [Told]
  return told
}

async function createStranger(): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
}

async function openMany(connection: Connection, protocol: string): Promise<Stream[]> {
  const options = { maxOutboundStreams: STREAMS }
  const all = await Promise.allSettled(
    Array.from({ length: STREAMS }, async () => connection.newStream(protocol, options))
  )
  return all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

const open = (streams: readonly Stream[]): Stream[] => streams.filter(({ status }) => status === 'open')

interface Attack {
  session: Stream
  books: Stream[]
}

/** One connection with all its streams: of requests, of which none is ever sent, and of books, which are never read */
async function attack(stranger: Libp2p, address: string): Promise<Attack> {
  const connection = await stranger.dial(multiaddr(address))
  // one first: many streams on a connection that was only just made cost it its life, which is libp2p's own defence
  const session = await connection.newStream(PROTOCOL)
  const more = await openMany(connection, PROTOCOL)
  const book = await connection.newStream(BOOK_PROTOCOL)
  book.pause()
  const books = [book, ...(await openMany(connection, BOOK_PROTOCOL))]
  // the others were never taken, so they do not wait to be idle
  await vi.waitFor(() => expect(open([...more, ...books.slice(1)])).toEqual([]), PATIENCE)

  // the beginning of a frame that never ends
  if (session.status === 'open') {
    session.send(Uint8Array.of(100, 0x55))
  }

  return { session, books }
}

it(
  'T4: of 100 connections with 32 streams each, one stream a peer and protocol survives, until it was silent for idleTime',
  async () => {
    const victim = fork(fileURLToPath(new URL('victim.ts', import.meta.url)), [String(IDLE_TIME)], {
      execArgv: ['--conditions=@hearsay/source', '--expose-gc', '--max-semi-space-size=4', '--no-warnings']
    })
    const strangers: Libp2p[] = []

    try {
      const [{ address }] = (await once(victim, 'message')) as [{ address: string }]
      const attacks: Attack[] = []
      let [before, most] = [0, 0]

      while (strangers.length < CONNECTIONS) {
        const batch = await Promise.all([createStranger(), createStranger(), createStranger(), createStranger()])
        strangers.push(...batch)
        attacks.push(...(await Promise.all(batch.map(async (stranger) => attack(stranger, address)))))
        // what the first ones needed stays: code, pools, tables
        const { rss } = await ask(victim)
        before ||= rss
        most = Math.max(most, rss)
      }

      expect((most - before) / MIB).toBeLessThanOrEqual(32)
      expect(open(attacks.flatMap(({ books }) => books)).length).toBeLessThanOrEqual(MAX_SAMPLES)
      const left = (): Stream[] => open(attacks.flatMap(({ session, books }) => [session, ...books]))
      await vi.waitFor(() => expect(left()).toEqual([]), { timeout: PATIENCE, interval: 100 })
      expect(await ask(victim)).toMatchObject({
        closed: { idle: CONNECTIONS, malformed: 0 },
        received: { update: 0, search: 0 }
      })
    } finally {
      await Promise.all(strangers.map(async (stranger) => stranger.stop()))
      victim.disconnect()
    }
  },
  3 * PATIENCE
)
