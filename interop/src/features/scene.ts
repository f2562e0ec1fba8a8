/** How nodes of ours and one peer of another implementation come together. */
import { freePort } from '../matrix/free-port.ts'
import { expect } from './expect.ts'
import { newIdentity } from './identity.ts'
import type { ApiClient } from '../matrix/api-client.ts'
import type { Bench } from '../matrix/bench.ts'
import type { PeerProcess, Report } from '../matrix/peer-process.ts'
import type { HearsayProcess } from '../three-nodes/hearsay-process.ts'
import type { Identity } from './identity.ts'

/** What is announced under this data type, the peer says again under the next one */
export const DATA_TYPE = 1337
export const ECHO_TYPE: number = DATA_TYPE + 1
/** What a peer was offered, it says under this one */
export const OFFERED_TYPE: number = DATA_TYPE + 2

/** Bits of a proof of work where the proof is not what is tested */
export const FEW_BITS = 10
/** In ms, for a link behind such a proof */
const LINK_TIMEOUT = 45_000

export type Role = 'dial' | 'listen'

export interface SceneInit {
  bench: Bench
  protocol: string
  role: Role
  /** Further flags of our nodes. @default [] */
  flags?: readonly string[]
  /** @default FEW_BITS */
  bits?: number
}

/** Our nodes by name, each with the names of those it dials, in the order they start */
export type Plan = Readonly<Record<string, readonly string[]>>

/** The foreign peer's name in a plan */
export const PEER = 'F'

export class Scene {
  readonly identity: Identity
  private readonly init: SceneInit
  private readonly bits: number
  private readonly listen: string
  private readonly nodes = new Map<string, HearsayProcess>()
  private readonly clients = new Map<string, ApiClient>()
  private current: PeerProcess | undefined
  private dialled = ''

  private constructor(init: SceneInit, identity: Identity, port: number) {
    this.init = init
    this.identity = identity
    this.bits = init.bits ?? FEW_BITS
    this.listen = `/ip4/127.0.0.1/tcp/${port}`
  }

  static async create(init: SceneInit): Promise<Scene> {
    return new Scene(init, await newIdentity(), await freePort())
  }

  get peerAddress(): string {
    return `${this.listen}/p2p/${this.identity.peerId}`
  }

  get peer(): PeerProcess {
    return this.current ?? missing('the peer')
  }

  node(name: string): HearsayProcess {
    return this.nodes.get(name) ?? missing(`node ${name}`)
  }

  /** Of the node of this name; it subscribed to what is announced and to what is said again */
  client(name: string): ApiClient {
    return this.clients.get(name) ?? missing(`the client of ${name}`)
  }

  /** Starts all, linked as the plan says; the peer is linked to the nodes of `friends` */
  async meet(plan: Plan, friends: readonly string[], within: number = LINK_TIMEOUT): Promise<void> {
    if (this.init.role === 'listen') {
      await this.startPeer([])
    }

    for (const [name, others] of Object.entries(plan)) {
      const peers = others.map((other) => this.node(other).address)
      const known = this.init.role === 'listen' && friends.includes(name) ? [this.peerAddress] : []
      await this.startNode(name, [...peers, ...known])
    }

    if (this.init.role === 'dial') {
      await this.startPeer(friends)
    }

    for (const [name, others] of Object.entries(plan)) {
      await Promise.all(others.map(async (other) => this.linked(name, this.node(other).peerId, within)))
    }

    await Promise.all(friends.map(async (name) => this.linked(name, this.identity.peerId, within)))
  }

  async startPeer(friends: readonly string[]): Promise<void> {
    this.dialled = friends.length > 0 ? friends.map((name) => this.node(name).address).join(',') : this.dialled
    this.current = this.init.bench.peer('peer', {
      TASK: 'peer',
      PROTOCOL: this.init.protocol,
      SEED: this.identity.seed,
      LISTEN: this.listen,
      DIAL: this.dialled,
      DIFFICULTY_BITS: String(this.bits),
      DATA_TYPE: String(DATA_TYPE)
    })
    await this.current.listens(Number(this.listen.split('/').at(-1)))
  }

  /** Until the node's log says so, and so many times */
  async linked(name: string, peerId: string, within: number = LINK_TIMEOUT, times = 1): Promise<void> {
    const node = this.node(name)
    const ended = (): boolean => node.hasEnded || this.current?.hasEnded === true
    const done = (): boolean => ended() || node.logged('bound peer', peerId).length >= times
    await this.init.bench.until(`${name} and ${peerId} to verify each other`, done, within)
    expect(`whether node ${name} or the peer has ended`, ended(), false)
  }

  /** Tells the peer to end, and checks what it says of itself */
  async report(): Promise<Report> {
    const report = await this.peer.end()
    expect("the peer's own id", report['peerId'], this.identity.peerId)
    return report
  }

  private async startNode(name: string, peers: readonly string[]): Promise<void> {
    const common = ['--search-cooldown', '3600', '--difficulty-bits', String(this.bits)]
    const flags = [...common, ...(this.init.flags ?? [])]
    const node = await this.init.bench.node(name, { peers, flags })
    this.nodes.set(name, node)
    this.clients.set(name, this.init.bench.client(node, [DATA_TYPE, ECHO_TYPE, OFFERED_TYPE]))
  }
}

function missing(what: string): never {
  throw new Error(`${what} was not started`)
}
