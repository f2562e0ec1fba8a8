import type { UserRecord } from '@hearsay/protocol-cup2py'

/** A record nobody signed: books do not look at signatures */
export function unsignedUser(name: string, date = '2024-01-01 00:00:00.000001'): UserRecord {
  const hash = Buffer.from(name.padEnd(32, '.')).toString('hex')
  return { hash, publicKey: `key of ${name}`, address: `/memory/${name}/p2p/${name}`, date, signature: 'c2ln' }
}
