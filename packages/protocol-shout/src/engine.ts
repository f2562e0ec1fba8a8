/**
 * @packageDocumentation
 *
 * SHOUT as a state machine: who is a peer, what is true, what is passed on. No socket, clock or key here.
 *
 * @see docs/specs/shout.md
 */
import { ANNOUNCE_AGAIN, ANNOUNCE_INTERVAL, LIST_AFTER, Opcode, SUBNET_TTL } from './constants.ts'
import { Context } from './context.ts'
import { addressOf } from './distance.ts'
import { Intake } from './intake.ts'
import { Keys } from './known-keys.ts'
import { descriptor, Links } from './links.ts'
import { sameBytes } from './message.ts'
import { encodeValue } from './msgpack.ts'
import { Neighbours } from './neighbours.ts'
import { Nodes } from './nodes.ts'
import { readAnnounce, readAnswer, readCustom, writeNodeInfo } from './payloads.ts'
import { Requests } from './requests.ts'
import { Seen } from './seen.ts'
import { Spread } from './spread.ts'
import { subnetKey } from './subnet.ts'
import { Table } from './table.ts'
import { Whispers } from './whisper.ts'
import type { Engine, Millis } from '@hearsay/protocol-core/pure'
import type { ContextInit } from './context.ts'
import type { Command, Result, ShoutEffect, ShoutInput } from './contract.ts'
import type { TrueMessage } from './intake.ts'
import type { Link } from './link.ts'

export { engineDefaults, Opcode } from './constants.ts'
export type { ShoutConfig, Subnet } from './constants.ts'
export type * from './contract.ts'
export type { NodeInfo } from './payloads.ts'
export type { Transmission } from './transmission.ts'

/** Whose call it is that is our own: nobody hears of its result */
const NOBODY = -1

export interface ShoutEngineInit extends ContextInit {
  /** Compressions of ours, the one we like best first. @default none */
  methods?: readonly number[]
  /** Whether the application decides on SHOUTs, and on SPEAKs, before they are passed on. @default neither */
  asks?: { shout: boolean; speak: boolean }
  /** Signatures seen before a restart; else none, and `seen` events are not wanted */
  seen?: { offset: number | undefined; digests: readonly Uint32Array[] }
}

export class ShoutEngine implements Engine<ShoutInput, ShoutEffect> {
  private readonly context: Context
  private readonly links: Links
  private readonly requests: Requests
  private readonly neighbours: Neighbours
  private readonly nodes: Nodes
  private readonly spread: Spread
  private readonly keys: Keys
  private readonly table: Table
  private readonly whispers: Whispers
  private readonly intake: Intake
  private readonly seen: Seen
  /** Names with a handler. BOUNDED by the application */
  private readonly handled = new Set<string>()
  /** Where we can be dialled, and the signed ANNOUNCE that says so */
  private address: string | undefined
  private announcement: Uint8Array | undefined
  /** Whether there was anybody to tell it */
  private announced = false
  private announceAgain = ANNOUNCE_AGAIN

  constructor({ methods = [], asks = { shout: false, speak: false }, seen, ...init }: ShoutEngineInit) {
    const context = new Context(init)
    this.context = context
    this.seen = new Seen(init.config.seenSize, init.random, seen?.offset)
    seen?.digests.forEach((digest) => this.seen.restore(digest, 0))
    this.links = new Links({
      context,
      methods,
      onBound: (link) => this.onBound(link),
      onLost: (link) => this.onLost(link),
      onUnreached: (peer) => this.neighbours.onFailed(peer),
      onRenamed: (link, previous) => this.nodes.onRenamed(link, previous)
    })
    const { links } = this
    this.neighbours = new Neighbours(context, links)
    this.requests = new Requests(context, links)
    this.nodes = new Nodes(context, links)
    this.spread = new Spread({ context, links, seen: this.seen, remember: seen !== undefined, asks })
    this.keys = new Keys(context, links, this.spread)
    const { requests, nodes, keys } = this
    this.table = new Table({ context, links, nodes, requests })
    const { spread, seen: signatures, table } = this
    this.whispers = new Whispers({ context, links, nodes, keys, table, spread, seen: signatures })
    this.intake = new Intake({
      context,
      seen: this.seen,
      handle: (link, message) => this.onMessage(link, message),
      refuse: (link) => this.context.close(link.peer, 'malformed')
    })
  }

  /** Which bits of signatures are remembered */
  get seenOffset(): number {
    return this.seen.offset
  }

  handle(input: ShoutInput, now: Millis): ShoutEffect[] {
    this.context.now = now
    this.onInput(input)
    return this.context.take()
  }

  private onInput(input: ShoutInput): void {
    switch (input.type) {
      case 'connected':
        return this.links.onConnected(input.peer, input.direction, input.group)
      case 'disconnected':
        return this.links.onDisconnected(input.peer)
      case 'message': {
        const link = this.links.get(input.peer)
        return link?.parting === false ? this.intake.onTransmission(link, input.message) : undefined
      }
      case 'malformed':
        return this.context.close(input.peer, 'malformed')
      case 'dialled':
        return this.links.onDialled(input.dial, input.peer)
      case 'found':
        return this.neighbours.onFound(input.peer, input.direction)
      case 'timer':
        return this.onTimer(input.key)
      case 'answer':
        return this.context.onAnswer(input.answer)
      case 'command':
        return this.onCommand(input.command)
    }
  }

  private onTimer(key: string): void {
    switch (key) {
      case 'handshake':
        return this.links.onTimer()
      case 'found':
        return this.neighbours.onTimer()
      case 'requests':
        return this.requests.onTimer()
      case 'idle':
        return this.nodes.onTimer()
      case 'whisper':
        return this.whispers.onTimer()
      case 'announce':
        return this.announce()
      case 'list':
        return this.list()
    }
  }

  private onBound(link: Link): void {
    this.nodes.onBound(link)
    this.neighbours.onBound(link)
    this.context.emit({ type: 'peer', peer: link.peer, key: link.key!, on: true })

    if (!this.announced) {
      this.announce()
      this.context.arm('list', this.context.now + LIST_AFTER)
    } else if (this.announcement !== undefined) {
      this.context.send(link.peer, this.announcement)
    }
  }

  private onLost(link: Link): void {
    this.requests.onDisconnected(link)
    this.whispers.onLost(link.peer)
    this.nodes.onLost(link)
    this.neighbours.onFailed(link.peer)

    if (link.bound) {
      this.context.emit({ type: 'peer', peer: link.peer, key: link.key!, on: false })
    }
  }

  /** Tell everybody where we are, more often at first: who comes a little later hears of it too */
  private announce(): void {
    const { context, address } = this
    const payload = encodeValue(address === undefined ? null : [address, 0])
    this.announced = true
    context.arm('announce', context.now + this.announceAgain)
    this.announceAgain = Math.min(2 * this.announceAgain, ANNOUNCE_INTERVAL)
    context.sign({ opcode: Opcode.ANNOUNCE, to: context.key, payload }, (bytes) => {
      if (bytes !== undefined) {
        this.announcement = bytes
        this.spread.sendOwn(bytes)
      }
    })
  }

  /** Something of it changed: what was said before is not true any more */
  private announceAnew(): void {
    this.announcement = undefined
    this.announceAgain = ANNOUNCE_AGAIN

    if (this.announced) {
      this.announce()
    }
  }

  /** Store where we are, so that the subnet can be found */
  private list(): void {
    const { context, address } = this
    const { listed } = context.config

    if (listed && address !== undefined) {
      const key = subnetKey(descriptor(context.config))
      const value = writeNodeInfo({ key: context.key, address })
      this.table.store({ type: 'store', call: NOBODY, key, value, options: { ttl: SUBNET_TTL / 1_000 } })
    }

    context.arm('list', context.now + SUBNET_TTL / 2)
  }

  /** @returns false when its peer was closed over it */
  private onMessage(link: Link, message: TrueMessage): boolean {
    const { opcode, from } = message.message

    if (opcode === Opcode.SET_CONNECTION_OPT && !message.message.sealed) {
      const isStranger = link.key !== undefined && !sameBytes(from, link.key)
      return isStranger ? this.violation(link) : this.links.onOption(link, message)
    } else if (opcode === Opcode.ACK || opcode === Opcode.NACK) {
      return this.onAnswer(link, message, opcode === Opcode.ACK)
    } else if (!link.proven) {
      return this.violation(link)
    } else if (opcode === Opcode.WHISPER) {
      this.whispers.onWhisper(link, message)
      return true
    } else if (message.message.sealed) {
      return this.violation(link)
    } else if (opcode >= Opcode.ANNOUNCE && opcode <= Opcode.SPEAK) {
      this.onBroadcast(link, message)
      return true
    } else if (!sameBytes(from, link.key!) || !this.context.isOurs(message.message.to)) {
      return this.violation(link)
    }

    this.onRequest(link, message)
    return true
  }

  private onBroadcast(link: Link, message: TrueMessage): void {
    switch (message.message.opcode) {
      case Opcode.SHOUT:
        return this.spread.onShout(link, message)
      case Opcode.SPEAK:
        return this.spread.onSpeak(link, message)
      case Opcode.CHANGE_KEY:
        return this.keys.onChangeKey(link, message)
      default:
        return this.onAnnounce(link, message)
    }
  }

  private onAnnounce(link: Link, { message, value }: TrueMessage): void {
    const announced = readAnnounce(value!)

    if (announced !== undefined && this.spread.isNew(message)) {
      this.spread.forward(message, link.peer)
      this.nodes.onAnnounce(message.from, announced.address)
    }
  }

  private onAnswer(link: Link, { message, value }: TrueMessage, accepted: boolean): boolean {
    const answer = value === undefined ? undefined : readAnswer(value)

    if (answer === undefined) {
      // arguments are a list: the document has others ignored
      return true
    }

    const { opcode, rest } = answer
    const isDirect = link.key === undefined || sameBytes(message.from, link.key)

    if (opcode === Opcode.WHISPER && link.proven && (isDirect || accepted)) {
      this.whispers.onAnswer(link, accepted, rest, message)
      return true
    } else if (!isDirect) {
      return this.violation(link)
    } else if (opcode === Opcode.SET_CONNECTION_OPT) {
      return accepted || this.links.onRefused(link, rest)
    }

    this.requests.onAnswer(link, { accepted, opcode, rest })
    return true
  }

  private onRequest(link: Link, message: TrueMessage): void {
    const { opcode } = message.message
    link.lastUsed = this.context.now

    switch (opcode) {
      case Opcode.PING:
        return this.links.answer(link, Opcode.ACK, [Opcode.PING])
      case Opcode.FIND_NODE:
      case Opcode.FIND_VALUE:
      case Opcode.STORE:
        return this.table.onRequest(link, message)
      case Opcode.CUSTOM:
        return this.onCustom(link, message)
      default:
        return this.links.answer(link, Opcode.NACK, [opcode])
    }
  }

  private onCustom(link: Link, { message, value }: TrueMessage): void {
    const custom = readCustom(value!)
    const handled = custom !== undefined && this.handled.has(custom.app)
    this.links.answer(link, handled ? Opcode.ACK : Opcode.NACK, [Opcode.CUSTOM, custom?.app ?? null])

    if (handled) {
      this.context.emit({ type: 'custom', ...custom, from: message.from, peer: link.peer })
    }
  }

  private violation(link: Link): false {
    this.context.close(link.peer, 'violation')
    return false
  }

  private onCommand(command: Command): void {
    switch (command.type) {
      case 'listening':
        return this.onListening(command.address)
      case 'announce':
        return this.announced ? this.announce() : undefined
      case 'connect':
        return this.links.dial(command.address, undefined, () => {})
      case 'shout':
        return this.spread.say(command.call, Opcode.SHOUT, command.payload)
      case 'speak':
        return this.spread.say(command.call, Opcode.SPEAK, command.payload)
      case 'whisper':
        return this.whispers.onCommand(command)
      case 'handle':
        return void (command.on ? this.handled.add(command.app) : this.handled.delete(command.app))
      case 'ping':
      case 'custom':
        return this.request(command)
      case 'findNode':
        return this.table.findNodes(command)
      case 'store':
        return this.table.store(command)
      case 'findValue':
        return this.table.findValue(command)
      case 'changeKey':
        return this.keys.onCommand(command) ? this.announceAnew() : undefined
      case 'abort':
        return this.whispers.abort(command.call)
    }
  }

  /** To a node that is connected, or can be found */
  private request(command: Extract<Command, { type: 'ping' | 'custom' }>): void {
    const { call, to } = command
    const id = addressOf(to, this.context.config.tau)
    const opcode = command.type === 'ping' ? Opcode.PING : Opcode.CUSTOM
    const fail = (): void => this.context.result(call, { type: 'failed', reason: 'no answer' })
    const send = (link: Link | undefined): void => {
      if (link === undefined) {
        return fail()
      }

      this.requests.sendPayload(
        link,
        opcode,
        command.type === 'ping' ? encodeValue(null) : command.payload,
        (answer) => {
          const refused: Result = { type: 'failed', reason: answer === undefined ? 'no answer' : 'refused' }
          this.context.result(call, answer?.accepted === true ? { type: 'done' } : refused)
        }
      )
    }
    const link = this.links.byKey(to)

    if (link !== undefined) {
      return send(link)
    }

    this.table.findNode(id, id, ([node]) => {
      if (node?.address === undefined || !sameBytes(node.id, id)) {
        fail()
      } else {
        this.links.reach({ key: node.key, address: node.address }, send)
      }
    })
  }

  private onListening(address: string | undefined): void {
    if (address !== this.address) {
      this.address = address
      this.announceAnew()
    }
  }
}
