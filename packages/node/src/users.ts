/** A user is one key: in cup2py its record says where it is, in shout its signature says what it said. */
import { createHash } from 'node:crypto'
import { RsaPublicKey } from '@hearsay/protocol-core'
import { BoundedMap } from '@hearsay/protocol-core/pure'
import { userHash } from '@hearsay/protocol-cup2py'
import { RequestError } from './control/problem.ts'
import type { AddressBook, Cup2py, UserRecord } from '@hearsay/protocol-cup2py'
import type { Shout } from '@hearsay/protocol-shout'

export interface UsersInit {
  /** This node's */
  peerId: string
  /** Undefined when it is off, like the other */
  cup2py: { service: Cup2py; book: AddressBook } | undefined
  shout: Shout | undefined
}

/** Keys whose user hash is remembered */
const MAX_REMEMBERED = 4_096
/** Of several users that a prefix could mean, so many are named */
const LISTED = 8
const ANY_KEY = { minBits: 1_024, maxBits: 16_384 }

/** Finds users by the first digits of their hash, among those we speak with and those of the address book. */
export class Users {
  /** This node's */
  readonly peerId: string
  private readonly init: UsersInit
  /** User hash by key (DER, hexadecimal digest), and back. BOUNDED by MAX_REMEMBERED, the one met first leaves */
  private readonly hashes = new BoundedMap<string, string>(MAX_REMEMBERED)
  private readonly keys = new BoundedMap<string, Uint8Array>(MAX_REMEMBERED)

  constructor(init: UsersInit) {
    this.init = init
    this.peerId = init.peerId
  }

  /** @param key - public, DER. @returns the user hash that its record has */
  hashOf(key: Uint8Array): string {
    const id = createHash('sha256').update(key).digest('hex')
    const known = this.hashes.get(id)

    if (known !== undefined) {
      return known
    }

    const hash = userHash(RsaPublicKey.fromSpki(key, ANY_KEY).pkcs1Pem)
    this.hashes.set(id, hash)
    this.keys.set(hash, new Uint8Array(key))
    return hash
  }

  /**
   * @param prefix - of a user hash, at least 4 digits
   * @returns the public key, DER
   * @throws {RequestError} when there is none, or more than one
   */
  async keyOf(prefix: string): Promise<Uint8Array> {
    const met = this.met(prefix)
    const held = await this.held(prefix, LISTED)
    const hashes = [...new Set([...met, ...held.map(({ hash }) => hash)])]

    if (hashes.length > 1) {
      const which = hashes.slice(0, LISTED).join(', ')
      throw new RequestError('InvalidParametersError', `${prefix} is the beginning of several users: ${which}`)
    } else if (hashes.length === 0) {
      const hint = 'nobody we met: "hearsay record search" with all 64 digits may find the user'
      throw new RequestError('UserNotFoundError', `${prefix} is ${hint}`)
    }

    const record = held.find(({ hash }) => hash === hashes[0])
    return this.keys.get(hashes[0]!) ?? RsaPublicKey.fromPem(record!.publicKey, ANY_KEY).spki
  }

  /** Records of others in the book whose user hash begins so, and our own by all of it. @param limit - at most so many */
  async held(prefix: string, limit: number): Promise<UserRecord[]> {
    const { cup2py } = this.init
    const found: UserRecord[] = []

    if (cup2py === undefined) {
      return found
    } else if (prefix.length === 64) {
      const record = await cup2py.service.get(prefix)
      return record === undefined ? found : [record]
    }

    for await (const record of cup2py.book.records()) {
      if (found.length === limit) {
        break
      } else if (record.hash.startsWith(prefix) && record.hash !== cup2py.service.hash) {
        found.push(record)
      }
    }

    return found
  }

  /** Hashes of those who speak, or spoke, with us over shout */
  private met(prefix: string): string[] {
    const { shout } = this.init
    shout?.peers.forEach(({ key }) => this.hashOf(key))
    return [...this.keys].map(([hash]) => hash).filter((hash) => hash.startsWith(prefix))
  }
}
