import { isSigned, peerAt } from '../cup2py/records.ts'
import { Mail } from '../cup2py/mail.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message, UserRecord } from '@hearsay/protocol-cup2py/codec'
import type { Command } from '@hearsay/protocol-cup2py/engine'
import type { EffectOf, InputOf } from '../network/network.ts'
import type { CreateUser, Cup2pyProtocol, UserEngine } from '../cup2py/swarm.ts'

type Effects = EffectOf<Cup2pyProtocol>[]

/**
 * CUP2PY as its paper and library have it: requests flood the address book but for those in the list, which names the
 * relays alone; nothing is remembered of searches; answers go to the address in the question; no rates, no floors.
 */
class WrittenUser implements UserEngine {
  private readonly user: string
  private readonly mail = new Mail()
  /** BOUNDED by the users of a run */
  private readonly book = new Map<string, UserRecord>()
  private own: UserRecord | undefined

  constructor(user: string) {
    this.user = user
  }

  handle(input: InputOf<Cup2pyProtocol>): Effects {
    switch (input.type) {
      case 'message':
        return input.message.type === 'update' ? this.onUpdate(input.message) : this.onSearch(input.message)
      case 'command':
        return this.onCommand(input.command)
      default:
        return this.mail.handle(input)
    }
  }

  private onUpdate(message: Extract<Message, { type: 'update' }>): Effects {
    const { record, depth } = message
    const held = this.book.get(record.hash)

    if ((held !== undefined && record.date <= held.date) || !isSigned(record)) {
      return []
    }

    const next = { ...message, depth: depth - 1, checked: [...message.checked, this.user] }
    return [...this.keep(record), ...(depth > 0 ? this.flood(next) : [])]
  }

  /** It does not look at the sender's signature */
  private onSearch(message: Extract<Message, { type: 'search' }>): Effects {
    const { target, sender, depth } = message

    if (depth <= 0) {
      return []
    }

    const found = target === this.user ? this.own : this.book.get(target)
    const asker = peerAt(sender.address)
    const answer: Message | undefined = found && { type: 'update', record: found, depth: 0, checked: [] }
    const next = { ...message, depth: depth - 1, checked: [...message.checked, this.user] }
    return [...(answer && asker !== undefined ? this.mail.send(asker, answer) : []), ...this.flood(next)]
  }

  private onCommand(command: Command): Effects {
    switch (command.type) {
      case 'own':
        this.own = command.record
        return []
      case 'learn':
        return this.keep(command.record)
      case 'forget':
        this.book.delete(command.hash)
        return []
      case 'publish':
        return this.flood({ type: 'update', record: command.record, depth: command.depth, checked: [this.user] })
      case 'search': {
        const { target, sender, depth } = command
        return this.flood({ type: 'search', target, sender, depth, checked: [this.user] })
      }
      default:
        return []
    }
  }

  private keep(record: UserRecord): Effects {
    this.book.set(record.hash, record)
    return [
      { type: 'ask', ask: { type: 'store', record, reachedAt: 0, evicted: [] } },
      { type: 'emit', event: { type: 'record', record } }
    ]
  }

  private flood(message: Message): Effects {
    const listed = new Set(message.checked)
    const peers = [...this.book.values()].flatMap(({ hash, address }) =>
      listed.has(hash) ? [] : ((peerAt(address) ?? []) as PeerKey[] | PeerKey)
    )
    return [...new Set(peers)].flatMap((peer) => this.mail.send(peer, message))
  }
}

export const writtenUser: CreateUser = ({ user }) => new WrittenUser(user)
