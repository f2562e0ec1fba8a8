import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { EffectOf, InputOf } from '../network/network.ts'
import type { Cup2pyProtocol } from './swarm.ts'

type Effects = EffectOf<Cup2pyProtocol>[]

/** Sends to whomever, dialling first: all that a user without rules needs. */
export class Mail {
  /** BOUNDED by the sessions there are */
  private readonly connected = new Set<PeerKey>()
  /** Until the dial has ended. BOUNDED by what a run sends in that time */
  private readonly waiting = new Map<PeerKey, Message[]>()

  send(peer: PeerKey, message: Message): Effects {
    const waiting = this.waiting.get(peer)

    if (this.connected.has(peer)) {
      return [{ type: 'send', peer, message }]
    } else if (waiting !== undefined) {
      waiting.push(message)
      return []
    }

    this.waiting.set(peer, [message])
    return [{ type: 'dial', dial: peer, peer, addresses: [] }]
  }

  /** Of sessions and dials */
  handle(input: InputOf<Cup2pyProtocol>): Effects {
    switch (input.type) {
      case 'connected': {
        const messages = this.waiting.get(input.peer) ?? []
        this.waiting.delete(input.peer)
        this.connected.add(input.peer)
        return messages.map((message) => ({ type: 'send', peer: input.peer, message }))
      }
      case 'disconnected':
        this.connected.delete(input.peer)
        return []
      case 'dialled':
        this.waiting.delete(input.dial as PeerKey)
        return []
      default:
        return []
    }
  }
}
