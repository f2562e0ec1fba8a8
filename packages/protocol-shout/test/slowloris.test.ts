import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { PROTOCOL } from '@hearsay/protocol-shout'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { expect, it, vi } from 'vitest'
import type { ChildProcess } from 'node:child_process'
import type { Libp2p, Stream } from '@libp2p/interface'

const CONNECTIONS = 100
const STREAMS = 32
const HANDSHAKE_TIMEOUT = 8_000
const MIB = 2 ** 20

async function ask(victim: ChildProcess): Promise<{ rss: number; peers: number }> {
  const answer = once(victim, 'message')
  victim.send('how are you')
  const [told] = (await answer) as [{ rss: number; peers: number }]
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

/** One connection with all its streams, which say nothing, and one byte now and then. @returns the stream that survived */
async function attack(stranger: Libp2p, address: string): Promise<Stream> {
  const connection = await stranger.dial(multiaddr(address))
  const options = { maxOutboundStreams: STREAMS }
  // one first: many streams on a connection that was only just made cost it its life, which is libp2p's own defence
  const first = await connection.newStream(PROTOCOL, options)
  const more = await Promise.allSettled(
    Array.from({ length: STREAMS - 1 }, async () => connection.newStream(PROTOCOL, options))
  )
  const streams = [first, ...more.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))]
  const open = (): Stream[] => streams.filter(({ status }) => status === 'open')
  await vi.waitFor(() => expect(open()).toEqual([first]), HANDSHAKE_TIMEOUT / 2)
  // the beginning of a frame that never ends
  open()[0]!.send(Uint8Array.of(0))
  return open()[0]!
}

it('T4: of 100 connections with 32 streams each, one stream a peer survives, until the handshake times out', async () => {
  const victim = fork(fileURLToPath(new URL('victim.ts', import.meta.url)), [String(HANDSHAKE_TIMEOUT)], {
    // little room to put off collecting: what waits for that is no growth
    env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    execArgv: [
      '--conditions=@hearsay/source',
      '--expose-gc',
      '--max-semi-space-size=2',
      '--max-old-space-size=64',
      '--no-warnings'
    ]
  })
  const strangers: Libp2p[] = []

  try {
    const [{ address }] = (await once(victim, 'message')) as [{ address: string }]
    const survivors: Stream[] = []
    let before = 0

    while (strangers.length < CONNECTIONS) {
      const batch = await Promise.all([createStranger(), createStranger(), createStranger(), createStranger()])
      strangers.push(...batch)
      survivors.push(...(await Promise.all(batch.map(async (stranger) => attack(stranger, address)))))
      // what the first ones needed stays: code, pools, tables
      before ||= (await ask(victim)).rss
    }

    const { rss, peers } = await ask(victim)
    expect(peers).toBe(0)
    console.info(`memory grew by ${((rss - before) / MIB).toFixed(1)} MiB`)
    expect((rss - before) / MIB).toBeLessThanOrEqual(32)
    await vi.waitFor(() => expect(survivors.filter(({ status }) => status === 'open')).toEqual([]), {
      timeout: 3 * HANDSHAKE_TIMEOUT,
      interval: 100
    })
  } finally {
    await Promise.all(strangers.map(async (stranger) => stranger.stop()))
    victim.disconnect()
  }
}, 120_000)
