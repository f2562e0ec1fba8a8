/** What attackers do: engines that keep to their protocol but for one thing. */
import { createPayload, numberOf } from '../swarm/payload.ts'
import type { Effect, PeerKey } from '@hearsay/protocol-core/pure'
import type { EffectOf, EngineOf, Protocol } from '../network/network.ts'
import type { Spreading } from '../swarm/spreading.ts'

export type Disguise<T extends Protocol> = (engine: EngineOf<T>, self: PeerKey) => EngineOf<T>

/** Takes part in everything, but does not pass on the payloads that `drops` names */
export function silent<T extends Protocol>(
  spreading: Spreading<T>,
  drops: (payload: Uint8Array) => boolean = () => true
): Disguise<T> {
  return (engine) => ({
    handle: (input, now) =>
      engine.handle(input, now).filter((effect) => {
        const payload = payloadIn(spreading, effect)
        return payload === undefined || !drops(payload)
      })
  })
}

/** At once sends another, invalid payload under the same id to all it is connected to, and the true one to none; once each */
export function poisoning<T extends Protocol>(spreading: Spreading<T>): Disguise<T> {
  return (engine) => {
    const peers = new Set<PeerKey>()
    const done = new Set<number>()
    const quiet = silent(spreading)(engine, '' as PeerKey)

    return {
      handle: (input, now) => {
        const effects = quiet.handle(input, now)

        if (input.type === 'connected') {
          peers.add(input.peer)
        } else if (input.type === 'disconnected') {
          peers.delete(input.peer)
        } else if (input.type === 'message') {
          const payload = spreading.payloadOf(input.message)

          if (payload !== undefined && !done.has(numberOf(payload))) {
            done.add(numberOf(payload))
            const forged = spreading.forge(input.message, createPayload(numberOf(payload), payload.length, false))
            return forged === undefined ? effects : [...effects, ...sendAll<T>(peers, forged)]
          }
        }

        return effects
      }
    }
  }
}

/** Keeps every payload it gets, and sends all of them again to all it is connected to when told to */
export function replaying<T extends Protocol>(spreading: Spreading<T>, isTime: () => boolean): Disguise<T> {
  return (engine) => {
    const peers = new Set<PeerKey>()
    let kept: T['message'][] = []

    return {
      handle: (input, now) => {
        const effects = engine.handle(input, now)

        if (input.type === 'connected') {
          peers.add(input.peer)
        } else if (input.type === 'disconnected') {
          peers.delete(input.peer)
        } else if (isTime()) {
          const again = kept.flatMap((message) => sendAll<T>(peers, message))
          kept = []
          return [...effects, ...again]
        } else if (input.type === 'message' && spreading.payloadOf(input.message) !== undefined) {
          kept.push(input.message)
        }

        return effects
      }
    }
  }
}

function sendAll<T extends Protocol>(peers: ReadonlySet<PeerKey>, message: T['message']): EffectOf<T>[] {
  return [...peers].map((peer) => ({ type: 'send', peer, message }))
}

function payloadIn<T extends Protocol>(
  spreading: Spreading<T>,
  effect: Effect<T['message'], unknown, unknown>
): Uint8Array | undefined {
  return effect.type === 'send' ? spreading.payloadOf(effect.message) : undefined
}
