/** Gates of the threat model that an engine alone can show; the others are named by their number elsewhere. */
import { MIDTERM_PROTOCOL, P2P_PROTOCOL } from '@hearsay/protocol-gossip'
import { AnnounceMemory, dialectsOf, engineDefaults, GossipEngine, noCounts } from '@hearsay/protocol-gossip/engine'
import { seededRandom } from '@hearsay/protocol-core/pure'
import { describe, expect, it, vi } from 'vitest'
import { address, challengeIn, closes, GossipScript, nonceFor, only, peer, sent } from './script.ts'
import type { Announce, Message } from '@hearsay/protocol-gossip/codec'
import type { Dialect } from '@hearsay/protocol-gossip/engine'
import type { PeerKey, Random } from '@hearsay/protocol-core/pure'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MINUTE = 60_000
const announce = (id: number, dataType = 7): Announce => ({
  type: 'announce',
  id: BigInt(id),
  ttl: 0,
  dataType,
  data: Uint8Array.of(id >> 8, id)
})

describe('T1: whatever peers do, in whatever order,', () => {
  const dialects = dialectsOf(['gossip', 'gossip-p2p', 'gossip-midterm'])

  /** Any message that a dialect's codec can make of bytes */
  function anyMessage(dialect: Dialect, random: Random): Message {
    const id = random.uint64()
    const known = dialects[0]!.name === dialect.name
    const all: Message[] = [
      announce(random.below(9)),
      ...(dialect.gated
        ? ([
            { type: 'challenge', challenge: id },
            { type: 'proof', nonce: id },
            { type: 'verdict', valid: random.below(2) === 0 || !known }
          ] as const)
        : []),
      ...(dialect.ask(random) === undefined
        ? []
        : ([
            { type: 'info', port: random.below(65_536) },
            { type: 'discovery', challenge: id },
            {
              type: 'offer',
              challenge: id,
              nonce: id,
              addresses: ['', address(random.below(9)), 'x/p2p/y'].slice(random.below(3))
            }
          ] as const))
    ]
    return all[random.below(all.length)]!
  }

  it('no input makes the engine throw, and it sends nobody what his dialect cannot say', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = seededRandom(seed)
      const names = dialects.map(({ name }) => name)
      const script = new GossipScript({ dialects: names, difficultyBits: 1, maxConnections: 6, banTime: 5_000 }, seed)
      const spoken = new Map<PeerKey, Dialect>()
      script.command({ type: 'start' })
      script.command({ type: 'listening', port: 1 })
      script.command({ type: 'subscribe', subscriber: 0, party: 'app', dataType: 7 })

      for (let step = 0; step < 400; step++) {
        const who = random.below(12)
        const dialect = spoken.get(peer(who))
        const effects = [...script.advance(random.below(3_000))]

        if (dialect === undefined) {
          const chosen = dialects[random.below(3)]!
          spoken.set(peer(who), chosen)
          effects.push(...script.connected(who, random.below(2) === 0 ? 'inbound' : 'outbound', 'g', chosen.protocol))
        } else {
          effects.push(...script.message(who, anyMessage(dialect, random)))
        }

        for (const { ask } of only('ask', effects)) {
          if (ask.type === 'solve') {
            effects.push(...script.answer({ ...ask, type: 'solved', nonce: random.uint64() }))
          } else if (ask.type === 'addresses') {
            effects.push(...script.answer({ ...ask, addresses: ask.peers.map(address) }))
          } else if (ask.type === 'prove') {
            effects.push(...script.answer({ type: 'proven', peer: ask.peer, offer: ask.offer }))
          } else {
            effects.push(...script.answer({ ...ask, type: 'verdict', valid: random.below(3) > 0 }))
          }
        }

        for (const [to, message] of sent(effects)) {
          const codec = spoken.get(to)!
          expect(codec.decode(codec.encode(message)).type).toBe(message.type)
        }

        for (const [closed] of closes(effects)) {
          spoken.delete(closed)
          script.input({ type: 'disconnected', peer: closed })
        }
      }
    }
  }, 30_000)
})

describe('T10: of 1,000 announces replayed', () => {
  it('none is accepted while it is remembered, by whomever and however often it is brought', () => {
    const script = new GossipScript({ announceBurst: 100_000 })
    script.command({ type: 'subscribe', subscriber: 0, party: 'app', dataType: 7 })
    ;['a', 'b'].forEach((name) => script.push(name))
    const asked = (name: string): number =>
      Array.from({ length: 1_000 }, (_, id) => only('ask', script.message(name, announce(id)))).flat().length
    expect(asked('a')).toBe(1_000)
    expect([asked('a'), asked('b')]).toEqual([0, 0])
    script.advance(2 * MINUTE)
    script.disconnected('a')
    script.push('a')
    expect(asked('a')).toBe(0)
  })

  it('none is accepted by a fresh engine with the old memory, all without it', () => {
    const memory = new AnnounceMemory(engineDefaults.cacheSize, seededRandom(1))
    const config = { ...engineDefaults, difficultyBits: 0, relayUnknown: true, announceBurst: 100_000 }

    function replayed(init: { memory?: AnnounceMemory }): number {
      const counts = noCounts()
      const engine = new GossipEngine({ self: peer('self'), config, random: seededRandom(2), counts, ...init })
      const input = { peer: peer('a'), direction: 'inbound', protocol: '/hearsay/gossip/1.0.0', group: '' } as const
      engine.handle({ type: 'connected', ...input }, 0)
      engine.handle({ type: 'message', peer: peer('a'), message: { type: 'proof', nonce: 0n } }, 0)

      for (let id = 0; id < 1_000; id++) {
        engine.handle({ type: 'message', peer: peer('a'), message: announce(id) }, 0)
      }

      return counts.unknown
    }

    expect(replayed({ memory })).toBe(1_000)
    expect(replayed({ memory })).toBe(0)
    expect(replayed({})).toBe(1_000)
  })
})

describe('T14: an attacker with 1,000 identities', () => {
  const maxConnections = 30
  const known = Array.from({ length: 6 }, (_, i) => `known${i}`)

  /** Ends its identities' names */
  const isHostile = (name: PeerKey): boolean => name.startsWith('peer-evil')

  it('holds at most half of the places of a node, whatever it dials and offers', () => {
    const script = new GossipScript({ maxConnections, knownPeers: known.map(address), searchCooldown: MINUTE })
    const online = new Set<PeerKey>()
    let worst = 0
    const leave = (name: PeerKey): void => {
      online.delete(name)
      script.disconnected(name.slice('peer-'.length))
    }
    script.command({ type: 'start' })
    known.forEach((name, i) => {
      script.pull(name)
      script.input({ type: 'dialled', dial: String(i), peer: peer(name) })
      online.add(peer(name))
    })

    for (let i = 0; i < 1_000; i++) {
      online.add(peer(`evil${i}`))
      closes(script.push(`evil${i}`)).forEach(([name]) => leave(name))

      if (i % 50 === 49) {
        const asked = sent(script.advance(MINUTE)).filter(([, { type }]) => type === 'discovery')
        asked
          .filter(([name]) => isHostile(name))
          .forEach(([name]) =>
            script.message(name.slice('peer-'.length), {
              type: 'offer',
              addresses: Array.from({ length: 64 }, (_, j) => address(`evil${(i * 64 + j) % 1_000}x`))
            })
          )

        for (const { peer: candidate } of only('dial', script.advance(1_000))) {
          script.pull(candidate!.slice('peer-'.length))
          online.add(candidate!)
        }
      }

      worst = Math.max(worst, [...online].filter(isHostile).length)
    }

    expect(worst).toBe(maxConnections / 2)
    expect([...online].filter((name) => !isHostile(name))).toEqual(known.map(peer))
  })

  it('gets at most every second place among those dialled from offers, while as many honest peers offer', () => {
    const shares = Array.from({ length: 50 }, (_, seed) => {
      const script = new GossipScript({ maxConnections, minConnections: 20 }, seed)
      script.command({ type: 'start' })
      const offerers = ['evil1', 'evil2', 'good1', 'good2']
      offerers.forEach((name) => script.push(name))
      script.advance(MINUTE)
      offerers.forEach((name) => {
        const count = name.startsWith('evil') ? 64 : 4
        const addresses = Array.from({ length: count }, (_unused, i) => address(`${name}-${i}`))
        script.message(name, { type: 'offer', addresses })
      })
      const dialled = only('dial', script.advance(1_000)).map((dial) => dial.peer!)
      return dialled.filter(isHostile).length
    })
    // of 15
    expect(new Set(shares)).toEqual(new Set([7, 8]))
  })

  it('gets a quarter of the places at most where no proof is asked of it', () => {
    const script = new GossipScript({ maxConnections, dialects: ['gossip', 'gossip-midterm'] })
    const online = new Set<PeerKey>()

    for (let i = 0; i < 1_000; i++) {
      online.add(peer(i))
      closes(script.connected(i, 'inbound', `group ${i % 7}`, MIDTERM_PROTOCOL)).forEach(([name]) => {
        online.delete(name)
        script.disconnected(name.slice('peer-'.length))
      })
      expect(online.size).toBeLessThanOrEqual(7)
    }
  })
})

describe('T15: a proof made for another challenge', () => {
  it.each([
    ['gossip', '/hearsay/gossip/1.0.0'],
    ['gossip-p2p', P2P_PROTOCOL]
  ])('is accepted 0 times of 100 by %s: each stream has a fresh challenge', (_name, protocol) => {
    const script = new GossipScript({ difficultyBits: 20, banTime: 0 })
    const challenges = new Set<bigint>()
    let accepted = 0

    for (let i = 0; i < 100; i++) {
      const challenge = challengeIn(script.connected('a', 'inbound', 'group', protocol))
      const effects = script.message('a', { type: 'proof', nonce: 41n })
      accepted += closes(effects).length === 1 ? 0 : 1
      challenges.add(challenge)
      script.disconnected('a')
    }

    expect(accepted).toBe(0)
    expect(challenges.size).toBe(100)
  })

  it('is too late after the challenge timed out, even on the same stream', () => {
    const script = new GossipScript({ challengeTimeout: MINUTE })
    const challenge = challengeIn(script.connected('a', 'inbound'))
    expect(closes(script.advance(MINUTE))).toEqual([[peer('a'), 'late']])
    script.disconnected('a')
    expect(script.message('a', { type: 'proof', nonce: nonceFor(challenge) })).toEqual([])
  })
})
