import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { createLibp2p } from 'libp2p'
import type { ChildProcess } from 'node:child_process'
import type { Connection, Libp2p, NewStreamOptions, Stream } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

export const CONNECTIONS = 100
export const STREAMS = 32
export const MIB = 2 ** 20
/** In ms. A busy machine needs time for a hundred connections */
export const PATIENCE = 60_000

const AT_ONCE = 4

export interface SiegeInit {
  /** The program that is attacked: see victim.ts */
  program: URL
  /** In ms: its argument */
  timeout: number
  /** Of Node.js */
  flags: string[]
  env?: NodeJS.ProcessEnv
  transports: Libp2pOptions['transports']
}

export interface Siege<Told> {
  /** How the victim is now */
  ask(): Promise<Told>
  /**
   * All connections, each from a stranger of its own, four at a time.
   *
   * @param attack - what one of them does
   * @param meanwhile - done after each four
   */
  attack<Held>(
    attack: (stranger: Libp2p, address: string) => Promise<Held>,
    meanwhile: () => Promise<void>
  ): Promise<Held[]>
}

/** One victim, a program of its own, and strangers who come in numbers; all are gone when `test` is over */
export async function besieged<Told>(init: SiegeInit, test: (siege: Siege<Told>) => Promise<void>): Promise<void> {
  const victim = fork(fileURLToPath(init.program), [String(init.timeout)], {
    env: { ...process.env, ...init.env },
    execArgv: ['--conditions=@hearsay/source', '--expose-gc', '--no-warnings', ...init.flags]
  })
  const strangers: Libp2p[] = []

  try {
    const [{ address }] = (await once(victim, 'message')) as [{ address: string }]
    await test({
      ask: async () => ask<Told>(victim),
      attack: async (attack, meanwhile) => {
        const held = []

        while (strangers.length < CONNECTIONS) {
          const batch = await Promise.all(Array.from({ length: AT_ONCE }, async () => createStranger(init)))
          strangers.push(...batch)
          held.push(...(await Promise.all(batch.map(async (stranger) => attack(stranger, address)))))
          await meanwhile()
        }

        return held
      }
    })
  } finally {
    await Promise.all(strangers.map(async (stranger) => stranger.stop()))
    victim.disconnect()
  }
}

async function ask<Told>(victim: ChildProcess): Promise<Told> {
  const answer = once(victim, 'message')
  victim.send('how are you')
  const [told] = (await answer) as [Told]
  return told
}

async function createStranger({ transports }: Pick<SiegeInit, 'transports'>): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [] },
    transports: transports!,
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { dialTimeout: PATIENCE },
    connectionMonitor: { enabled: false }
  })
}

/** As many streams at once as can be had */
export async function openMany(
  connection: Connection,
  protocol: string,
  count: number,
  options: NewStreamOptions = {}
): Promise<Stream[]> {
  const all = await Promise.allSettled(
    Array.from({ length: count }, async () =>
      connection.newStream(protocol, { maxOutboundStreams: STREAMS, ...options })
    )
  )
  return all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
}

export function open(streams: readonly Stream[]): Stream[] {
  return streams.filter(({ status }) => status === 'open')
}
