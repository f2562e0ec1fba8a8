import { PROTOCOL } from '@hearsay/protocol-gossip'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it, vi } from 'vitest'
import { besieged, MIB, open, openMany, PATIENCE, STREAMS } from '../../protocol-core/test/shared/slowloris.ts'
import type { Libp2p, Stream } from '@libp2p/interface'

const CHALLENGE_TIMEOUT = 8_000

/** One connection with all its streams, which say nothing, and one byte. @returns the one stream that is not reset */
async function attack(stranger: Libp2p, address: string): Promise<Stream> {
  const connection = await stranger.dial(multiaddr(address), { signal: AbortSignal.timeout(PATIENCE) })
  const options = { signal: AbortSignal.timeout(PATIENCE) }
  const startedAt = performance.now()
  // one first: many streams on a connection that was only just made cost it its life, which is libp2p's own defence
  const first = await connection.newStream(PROTOCOL, options)
  const others = await openMany(connection, PROTOCOL, STREAMS - 1, options)
  await vi.waitFor(() => expect(open(others)).toEqual([]), { timeout: PATIENCE })

  // unless this machine is so slow that its time is over
  const isLate = performance.now() - startedAt >= CHALLENGE_TIMEOUT
  expect(isLate || first.status === 'open').toBe(true)

  if (first.status === 'open') {
    // the beginning of a frame that never ends
    first.send(Uint8Array.of(0))
  }

  return first
}

it('T4: of 100 connections with 32 streams each, one stream a peer survives, until the challenge times out', async () => {
  const victim = {
    program: new URL('victim.ts', import.meta.url),
    timeout: CHALLENGE_TIMEOUT,
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
    expect((rss - before) / MIB).toBeLessThanOrEqual(32)
    await vi.waitFor(() => expect(open(survivors)).toEqual([]), {
      timeout: CHALLENGE_TIMEOUT + PATIENCE,
      interval: 100
    })
  })
}, 400_000)
