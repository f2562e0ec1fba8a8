/** Records of simulated users: of the right form, with stand-ins for keys and signatures. */
import { createHash } from 'node:crypto'
import { formatDate, userHash } from '@hearsay/protocol-cup2py/codec'
import type { Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { UserRecord } from '@hearsay/protocol-cup2py/codec'

/** 1 January 2024, in ms since 1970: when every run begins */
export const START: Millis = Date.UTC(2_024, 0, 1)

const SIGNATURE_BYTES = 256
const PREFIX = '/sim/p2p/'

interface Identity {
  hash: string
  publicKey: string
}

/** BOUNDED by the users of a process's runs */
const identities = new Map<string, Identity>()

export const addressOf = (peer: PeerKey): string => PREFIX + peer

/** Who is dialled at an address */
export function peerAt(address: string | undefined): PeerKey | undefined {
  return address?.startsWith(PREFIX) === true ? (address.slice(PREFIX.length) as PeerKey) : undefined
}

export function identityOf(name: string): Identity {
  const known = identities.get(name)

  if (known !== undefined) {
    return known
  }

  const body = Buffer.concat([createHash('sha512').update(name).digest(), Buffer.from(name)]).toString('base64')
  const lines = body.match(/.{1,64}/g)!.join('\n')
  const publicKey = `-----BEGIN RSA PUBLIC KEY-----\n${lines}\n-----END RSA PUBLIC KEY-----\n`
  const identity = { hash: userHash(publicKey), publicKey }
  identities.set(name, identity)
  return identity
}

/** What a user signs at a time; `where`: an address of its own, if it is not at its name's */
export function recordOf(name: PeerKey, now: Millis, where: PeerKey = name): UserRecord {
  const { hash, publicKey } = identityOf(name)
  const date = dateAt(now)
  const address = addressOf(where)
  return { hash, publicKey, address, date, signature: signatureOf(hash, address, date) }
}

export function isSigned({ hash, address, date, signature }: UserRecord): boolean {
  return signature === signatureOf(hash, address, date)
}

/** As long as a real one, and different for whatever it is over: 2,048 bits */
function signatureOf(hash: string, address: string, date: string): string {
  const digest = createHash('sha256').update(`${hash} ${address} ${date}`).digest()
  return Buffer.alloc(SIGNATURE_BYTES, digest).toString('base64')
}

function dateAt(now: Millis): string {
  const date = new Date(START + now)
  return formatDate({
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    // never a whole second: those are written without a fraction
    microsecond: 1 + date.getUTCMilliseconds() * 1_000 + Math.floor((now % 1) * 999)
  })
}
