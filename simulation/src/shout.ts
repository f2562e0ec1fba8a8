import { encodeValue } from '@hearsay/protocol-shout/codec'
import { engineDefaults, ShoutEngine } from '@hearsay/protocol-shout/engine'
import { VirtualNetwork } from './network/network.ts'
import { fakeAnswer, fakeKey } from './shout-crypto.ts'
import { EPOCH, shoutAddress, shoutTarget, transmissionBytes } from './swarm/shout.ts'
import type { Millis, PeerKey, Random } from '@hearsay/protocol-core/pure'
import type { Value } from '@hearsay/protocol-shout/codec'
import type { Ask, Command, Event, Result, ShoutConfig, Transmission } from '@hearsay/protocol-shout/engine'
import type { Adapter, EngineOf, Reply } from './network/network.ts'
import type { ShoutProtocol } from './swarm/shout.ts'

export interface ShoutScenario {
  seed: number
  nodes: number
  /** One way, in ms: shortest and longest */
  latency: [Millis, Millis]
  config: Partial<ShoutConfig>
}

type CallOf<T> = T extends { call: number } ? Omit<T, 'call'> : never

const name = (index: number): PeerKey => `node-${index}` as PeerKey
/** What signing and verifying take, in ms */
const RSA_TIME = 0.3

/** A network of shout engines, with stand-ins for RSA. */
export class ShoutSwarm implements Adapter<ShoutProtocol> {
  readonly protocol = '/hearsay/shout/1.0.0'
  readonly network: VirtualNetwork<ShoutProtocol>
  private readonly scenario: ShoutScenario
  /** Nodes that are there. BOUNDED by the scenario */
  private readonly live = new Set<PeerKey>()
  /** BOUNDED by the calls of a test */
  private readonly results = new Map<string, (result: Result) => void>()
  private calls = 0
  heard = 0

  constructor(scenario: ShoutScenario) {
    this.scenario = scenario
    this.network = new VirtualNetwork(this, scenario)
  }

  get names(): PeerKey[] {
    return [...this.live]
  }

  createEngine(self: PeerKey, random: Random): EngineOf<ShoutProtocol> {
    return new ShoutEngine({
      self,
      key: fakeKey(self),
      config: { ...engineDefaults, listed: false, ...this.scenario.config },
      random,
      epoch: EPOCH
    })
  }

  answer(_self: PeerKey, ask: Ask, { send }: Reply<ShoutProtocol>): void {
    this.network.schedule(RSA_TIME, () => send(fakeAnswer(ask)))
  }

  bytes(message: Transmission): number {
    return transmissionBytes(message)
  }

  target(peer: PeerKey | undefined, addresses: readonly string[]): PeerKey | undefined {
    return shoutTarget(peer, addresses)
  }

  onEvent(self: PeerKey, event: Event): void {
    if (event.type === 'heard') {
      this.heard++
    } else if (event.type === 'result') {
      const then = this.results.get(`${self} ${event.call}`)
      this.results.delete(`${self} ${event.call}`)
      then?.(event.result)
    }
  }

  /** Each knows one random node that came before it */
  join(settle: Millis): void {
    for (let i = 0; i < this.scenario.nodes; i++) {
      this.network.add(name(i))
      this.live.add(name(i))
      this.network.command(name(i), { type: 'listening', address: shoutAddress(name(i)) })

      if (i > 0) {
        this.network.command(name(i), { type: 'connect', address: shoutAddress(name(this.network.random.below(i))) })
      }

      this.network.run(50)
    }

    this.network.run(settle)
  }

  leave(peer: PeerKey): void {
    this.live.delete(peer)
    this.network.remove(peer)
  }

  call(self: PeerKey, command: CallOf<Command>, then: (result: Result) => void): void {
    const call = this.calls++
    this.results.set(`${self} ${call}`, then)
    this.network.command(self, { ...command, call })
  }

  keyOf(peer: PeerKey): Uint8Array {
    return fakeKey(peer)
  }

  shout(self: PeerKey, value: Value): void {
    this.call(self, { type: 'shout', payload: encodeValue(value) }, () => {})
  }
}
