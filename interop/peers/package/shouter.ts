import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { Opcode, shout } from '@hearsay/protocol-shout'
import { multiaddr } from '@multiformats/multiaddr'
import { newHost } from './host.ts'
import type { Shout, ShoutMessage } from '@hearsay/protocol-shout'
import type { Settings } from '../node/settings.ts'

interface Said {
  from: string
  text: string
}

interface Report {
  peerId: string
  key: string
  bound: string[]
  shouts: Said[]
  whispers: Said[]
  acks: number[]
  nacks: number[]
  refused: string[]
}

/** In ms, after which a host says what it has to say */
const SAY_AFTER = 3_000

/** Says PING, `PEER_WHISPER` and `PEER_SHOUT` once. @returns what makes the report */
export async function startShouter(settings: Settings): Promise<() => Promise<Report>> {
  const key = RsaPrivateKey.fromPem(readFileSync(process.env['PEER_KEY']!, 'utf8'))
  const host = await newHost(settings, { shout: shout({ key, autoDial: false, listed: false }) })
  const peerId = host.peerId.toString()
  const own = digest(key.publicKey.spki)
  const report: Report = { peerId, key: own, bound: [], shouts: [], whispers: [], acks: [], nacks: [], refused: [] }
  const keys: Uint8Array[] = []
  const { shout: service } = host.services
  service.addEventListener('peer', ({ detail }) => {
    if (detail.connected) {
      keys.push(detail.key)
      report.bound.push(digest(detail.key))
    }
  })
  service.addEventListener('shout', ({ detail }) => report.shouts.push(said(detail)))
  service.addEventListener('whisper', ({ detail }) => report.whispers.push(said(detail)))
  await host.start()
  await Promise.all(settings.dial.map(async (address) => host.dial(multiaddr(address))))
  void say(service, keys, report)
  return async () => report
}

async function say(service: Shout, keys: readonly Uint8Array[], report: Report): Promise<void> {
  await delay(SAY_AFTER)
  const { PEER_WHISPER: whisper = '', PEER_SHOUT: text = '' } = process.env

  for (const key of keys) {
    await answered(report, Opcode.PING, async () => service.ping(key))

    if (whisper !== '') {
      await answered(report, Opcode.WHISPER, async () => service.whisper(key, whisper, { mode: 'direct' }))
    }
  }

  if (text !== '') {
    await service.shout(text)
  }
}

async function answered(report: Report, opcode: number, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask()
    report.acks.push(opcode)
  } catch (err) {
    report.refused.push((err as Error).message)
  }
}

function said({ from, value }: ShoutMessage): Said {
  return { from: digest(from), text: typeof value === 'string' ? value : JSON.stringify(value) }
}

function digest(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex')
}
