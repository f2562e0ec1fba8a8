import { describe, expect, it } from 'vitest'
import { VirtualNetwork } from '../src/network/network.ts'
import type { Effect, Input, Millis, PeerKey } from '@hearsay/protocol-core/pure'
import type { Adapter, NetworkConfig } from '../src/network/network.ts'

interface Letters {
  message: string
  command: Effect<string, string, string>
  answer: string
  event: string
  ask: string
}

const peer = (name: string): PeerKey => name as PeerKey

/** Engines that do what they are commanded, and a diary of what they are told */
class Puppets implements Adapter<Letters> {
  readonly protocol = '/test'
  readonly network: VirtualNetwork<Letters>
  readonly diary: string[] = []

  constructor(config: Partial<NetworkConfig> = {}, names = ['a', 'b']) {
    this.network = new VirtualNetwork<Letters>(this, { seed: 1, latency: [100, 100], ...config })
    names.forEach((name) => this.network.add(peer(name)))
  }

  createEngine(self: PeerKey): ReturnType<Adapter<Letters>['createEngine']> {
    return {
      handle: (input: Input<string, Letters['command'], string>, now: Millis) => {
        if (input.type === 'command') {
          return [input.command]
        }

        const what = input.type === 'message' ? input.message : input.type === 'answer' ? input.answer : input.type
        const who = 'peer' in input ? input.peer : ''
        this.diary.push(`${Math.round(now)} ${self} ${what} ${who}`.trimEnd())
        return []
      }
    }
  }

  answer(_self: PeerKey, ask: string, { send, isWanted }: Parameters<Adapter<Letters>['answer']>[2]): void {
    this.network.schedule(500, () => (isWanted() ? send(ask) : this.diary.push(`unwanted ${ask}`)))
  }

  target = (to: PeerKey | undefined): PeerKey | undefined => to
  bytes = (message: string): number => message.length
  onEvent(): void {}

  do(name: string, effect: Effect<string, string, string>): void {
    this.network.command(peer(name), effect)
  }

  dial(from: string, to: string): void {
    this.do(from, { type: 'dial', dial: '1', peer: peer(to), addresses: [] })
  }

  send(from: string, to: string, message: string): void {
    this.do(from, { type: 'send', peer: peer(to), message })
  }

  /** What was written since the last time */
  after(ms: Millis): string[] {
    this.network.run(ms)
    return this.diary.splice(0)
  }
}

const connected = (config: Partial<NetworkConfig> = {}): Puppets => {
  const puppets = new Puppets(config)
  puppets.dial('a', 'b')
  puppets.after(1_000)
  return puppets
}

describe('the virtual network', () => {
  it('connects both sides after a round trip', () => {
    const puppets = new Puppets()
    puppets.dial('a', 'b')
    expect(puppets.after(199)).toEqual([])
    expect(puppets.after(1)).toEqual(['200 b connected a', '200 a connected b', '200 a dialled b'])
  })

  it.each(['nobody', 'a'])('fails to dial %s', (target) => {
    const puppets = new Puppets()
    puppets.dial('a', target)
    expect(puppets.after(1_000)).toEqual([expect.stringMatching(/^\d+ a dialled$/)])
  })

  it('refuses a peer beyond maxPeers', () => {
    const puppets = new Puppets({ maxPeers: 1 }, ['a', 'b', 'c'])
    puppets.dial('a', 'b')
    puppets.dial('c', 'b')
    expect(puppets.after(1_000)).toContain('200 c dialled')
  })

  it('delivers in order, whatever the jitter and the losses', () => {
    const puppets = connected({ jitter: 500, loss: 0.3 })
    const sent = Array.from({ length: 200 }, (_, i) => `m${i}`)
    sent.forEach((message) => puppets.send('a', 'b', message))
    expect(puppets.after(600_000).map((line) => line.split(' ')[2])).toEqual(sent)
  })

  it('takes longer when messages are lost, and none otherwise', () => {
    const arrivalOfLast = (loss: number): number => {
      const puppets = connected({ loss })
      Array.from({ length: 200 }, () => puppets.send('a', 'b', 'm'))
      return Number(puppets.after(600_000).at(-1)!.split(' ')[0])
    }
    expect(arrivalOfLast(0)).toBe(1_100)
    expect(arrivalOfLast(0.3)).toBeGreaterThan(1_300)
  })

  it('loses the session when nothing gets through', () => {
    const puppets = connected({ loss: 1 })
    puppets.send('a', 'b', 'm')
    expect(puppets.after(60_000)).toEqual(['11000 a disconnected b', '11000 b disconnected a'])
  })

  it('sends no faster than its bandwidth', () => {
    const puppets = connected({ bandwidth: 1_000 })
    puppets.send('a', 'b', 'x'.repeat(500))
    puppets.send('a', 'b', 'y')
    expect(puppets.after(2_000).map((line) => line.slice(0, 8))).toEqual(['1600 b x', '1601 b y'])
  })

  it('closes gracefully: what was sent before arrives', () => {
    const puppets = connected()
    puppets.send('a', 'b', 'last')
    puppets.do('a', { type: 'close', peer: peer('b'), reason: 'test' })
    expect(puppets.after(1_000)).toEqual(['1000 a disconnected b', '1100 b last a', '1100 b disconnected a'])
  })

  it.each([
    [false, 1_100],
    [true, 11_000]
  ])('shows that a node is gone (silently: %s) after a while', (silently, at) => {
    const puppets = connected()
    puppets.network.remove(peer('a'), { silently })
    expect(puppets.after(60_000)).toEqual([`${at} b disconnected a`])
  })

  it('lets nothing pass between the sides of a partition, and heals', () => {
    const puppets = connected()
    puppets.network.partition((name) => name)
    puppets.send('a', 'b', 'm')
    puppets.dial('a', 'b')
    expect(puppets.after(60_000)).toEqual(['11000 a disconnected b', '11000 b disconnected a', '11000 a dialled'])
    puppets.network.partition(undefined)
    puppets.dial('a', 'b')
    expect(puppets.after(1_000)).toContain('61200 a dialled b')
  })

  it('keeps a session that nobody used during a partition', () => {
    const puppets = connected()
    puppets.network.partition((name) => name)
    puppets.after(60_000)
    puppets.network.partition(undefined)
    puppets.send('a', 'b', 'm')
    expect(puppets.after(1_000)).toEqual(['61100 b m a'])
  })

  it('fires a timer once, where it was armed last, and not when disarmed', () => {
    const puppets = new Puppets()
    puppets.do('a', { type: 'arm', key: 'k', at: 100 })
    puppets.do('a', { type: 'arm', key: 'k', at: 300 })
    puppets.do('b', { type: 'arm', key: 'k', at: 100 })
    puppets.do('b', { type: 'disarm', key: 'k' })
    expect(puppets.after(1_000)).toEqual(['300 a timer'])
  })

  it('answers asks, but none that was cancelled or whose node is gone', () => {
    const puppets = new Puppets({}, ['a', 'b', 'c'])
    puppets.do('a', { type: 'ask', ask: 'kept', key: 'k' })
    puppets.do('b', { type: 'ask', ask: 'cancelled', key: 'k' })
    puppets.do('b', { type: 'cancel', key: 'k' })
    puppets.do('c', { type: 'ask', ask: 'late' })
    puppets.network.remove(peer('c'))
    expect(puppets.after(1_000)).toEqual(['unwanted cancelled', 'unwanted late', '500 a kept'])
  })

  it('stops at maxMessages', () => {
    const puppets = connected({ maxMessages: 3 })
    Array.from({ length: 5 }, () => puppets.send('a', 'b', 'm'))
    expect(puppets.after(1_000)).toEqual([])
  })

  it('has one trace for one run, and another for another', () => {
    const traceOf = (message: string, seed: number): string => {
      const puppets = connected({ seed, latency: [10, 200] })
      puppets.send('a', 'b', message)
      puppets.after(1_000)
      puppets.dial('b', 'a')
      puppets.after(1_000)
      return puppets.network.traceHash
    }
    expect(traceOf('m', 1)).toBe(traceOf('m', 1))
    expect(traceOf('m', 2)).not.toBe(traceOf('m', 1))
  })
})
