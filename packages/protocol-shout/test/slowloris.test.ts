import { PROTOCOL } from '@hearsay/protocol-shout'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it, vi } from 'vitest'
import { besieged, MIB, open, openMany, STREAMS } from '../../protocol-core/test/shared/slowloris.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

const HANDSHAKE_TIMEOUT = 8_000

/** One connection with all its streams, which say nothing, and one byte now and then. @returns the stream that survived */
async function attack(stranger: Libp2p, address: string): Promise<Stream> {
  const connection = await stranger.dial(multiaddr(address))
  // one first: many streams on a connection that was only just made cost it its life, which is libp2p's own defence
  const first = await connection.newStream(PROTOCOL)
  const streams = [first, ...(await openMany(connection, PROTOCOL, STREAMS - 1))]
  await vi.waitFor(() => expect(open(streams)).toEqual([first]), HANDSHAKE_TIMEOUT / 2)
  // the beginning of a frame that never ends
  first.send(Uint8Array.of(0))
  return first
}

it('T4: of 100 connections with 32 streams each, one stream a peer survives, until the handshake times out', async () => {
  const victim = {
    program: new URL('victim.ts', import.meta.url),
    timeout: HANDSHAKE_TIMEOUT,
    flags: ['--max-semi-space-size=2', '--max-old-space-size=64'],
    // little room to put off collecting: what waits for that is no growth
    env: { MALLOC_ARENA_MAX: '1' },
    transports: [tcp()]
  }
  await besieged<{ rss: number; peers: number }>(victim, async (siege) => {
    let before = 0
    const survivors = await siege.attack(attack, async () => {
      // what the first ones needed stays: code, pools, tables
      before ||= (await siege.ask()).rss
    })
    const { rss, peers } = await siege.ask()
    expect(peers).toBe(0)
    console.info(`memory grew by ${((rss - before) / MIB).toFixed(1)} MiB`)
    expect((rss - before) / MIB).toBeLessThanOrEqual(32)
    await vi.waitFor(() => expect(open(survivors)).toEqual([]), { timeout: 3 * HANDSHAKE_TIMEOUT, interval: 100 })
  })
}, 120_000)
