import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { RsaPrivateKey } from '@hearsay/protocol-core'
import { cup2py } from '@hearsay/protocol-cup2py'
import { multiaddr } from '@multiformats/multiaddr'
import { newHost } from './host.ts'
import type { Cup2py } from '@hearsay/protocol-cup2py'
import type { Settings } from '../node/settings.ts'

interface Report {
  peerId: string
  hash: string
  records: { hash: string; address: string; date: string }[]
  refused: string[]
}

/** In ms, after which a host says what it has to say */
const SAY_AFTER = 3_000

/** Publishes its record, and searches for `PEER_SEARCH` until that is found. @returns what makes the report */
export async function startUsers(settings: Settings): Promise<() => Promise<Report>> {
  const key = RsaPrivateKey.fromPem(readFileSync(process.env['PEER_KEY']!, 'utf8'))
  const host = await newHost(settings, { cup2py: cup2py({ key }) })
  const users = host.services.cup2py
  const report: Report = { peerId: host.peerId.toString(), hash: users.hash, records: [], refused: [] }
  users.addEventListener('record', ({ detail: { hash, address, date } }) => {
    report.records.push({ hash, address, date })
  })
  await host.start()
  await Promise.all(settings.dial.map(async (address) => host.dial(multiaddr(address))))
  void say(users, process.env['PEER_SEARCH'] ?? '')
  return async () => report
}

async function say(users: Cup2py, wanted: string): Promise<void> {
  await delay(SAY_AFTER)
  await users.publish()

  if (wanted !== '') {
    await find(users, wanted)
  }
}

async function find(users: Cup2py, hash: string): Promise<void> {
  for (let { record } = await users.search(hash); record === undefined;) {
    ;({ record } = await users.search(hash))
  }
}
