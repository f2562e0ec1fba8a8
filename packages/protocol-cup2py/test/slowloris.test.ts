import { BOOK_PROTOCOL, PROTOCOL } from '@hearsay/protocol-cup2py'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it, vi } from 'vitest'
import {
  besieged,
  CONNECTIONS,
  MIB,
  open,
  openMany,
  PATIENCE,
  STREAMS
} from '../../protocol-core/test/shared/slowloris.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

/** In ms */
const IDLE_TIME = 12_000
/** A host sends no more samples at once */
const MAX_SAMPLES = 16

interface Told {
  rss: number
  closed: Record<string, number>
  received: Record<string, number>
}

interface Attack {
  session: Stream
  books: Stream[]
}

/** One connection with all its streams: of requests, of which none is ever sent, and of books, which are never read */
async function attack(stranger: Libp2p, address: string): Promise<Attack> {
  const connection = await stranger.dial(multiaddr(address))
  // one first: many streams on a connection that was only just made cost it its life, which is libp2p's own defence
  const session = await connection.newStream(PROTOCOL)
  const more = await openMany(connection, PROTOCOL, STREAMS)
  const book = await connection.newStream(BOOK_PROTOCOL)
  book.pause()
  const books = [book, ...(await openMany(connection, BOOK_PROTOCOL, STREAMS))]
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
    const victim = {
      program: new URL('victim.ts', import.meta.url),
      timeout: IDLE_TIME,
      flags: ['--max-semi-space-size=2', '--max-old-space-size=64'],
      // little room to put off collecting: what waits for that is no growth
      env: { MALLOC_ARENA_MAX: '1' },
      transports: [tcp()]
    }
    await besieged<Told>(victim, async (siege) => {
      let [before, most] = [0, 0]
      const attacks = await siege.attack(attack, async () => {
        // what the first ones needed stays: code, pools, tables
        const { rss } = await siege.ask()
        before ||= rss
        most = Math.max(most, rss)
      })

      expect((most - before) / MIB).toBeLessThanOrEqual(32)
      expect(open(attacks.flatMap(({ books }) => books)).length).toBeLessThanOrEqual(MAX_SAMPLES)
      const left = (): Stream[] => open(attacks.flatMap(({ session, books }) => [session, ...books]))
      await vi.waitFor(() => expect(left()).toEqual([]), { timeout: PATIENCE, interval: 100 })
      expect(await siege.ask()).toMatchObject({
        closed: { idle: CONNECTIONS, malformed: 0 },
        received: { update: 0, search: 0 }
      })
    })
  },
  3 * PATIENCE
)
