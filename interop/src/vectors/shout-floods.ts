/** SHOUTs over given graphs, by the engines themselves: who hears it after how many hops, and how often it is sent. */
import { seededRandom } from '@hearsay/protocol-core/pure'
import { decodeMessages, encodeValue, figures, Opcode } from '@hearsay/protocol-shout/codec'
import { engineDefaults, ShoutEngine } from '@hearsay/protocol-shout/engine'
import { BITS, fakeAnswer, fakeKey } from '../../../simulation/src/shout-crypto.ts'
import { each, same } from './case.ts'
import { flag, has, integer, list, object, show, text } from './json.ts'
import type { Checker } from './case.ts'
import type { Json, JsonObject } from './json.ts'
import type { PeerKey } from '@hearsay/protocol-core/pure'
import type { ShoutEffect, ShoutInput, Transmission } from '@hearsay/protocol-shout/engine'

interface Outcome {
  hops: Map<string, number>
  sent: number
}

/** Graphs with what one SHOUT over them costs; the arithmetic first, as it is quicker */
export const floods: Checker = each((entry) => {
  const edges = list(entry['directedEdges'] ?? entry['edges'], 'edges').map(edgeOf)
  const names = [...new Set(edges.flat())].toSorted()
  const ends = 2 * distinct(edges).size
  same('t_minus_n_plus_1', figures.messagesOf(ends, names.length), integer(entry, 't_minus_n_plus_1'))

  if (has(entry, 'hops')) {
    checkFigure(entry, names.length, ends)
  } else {
    checkFormulas(entry, names.length, ends)
  }

  const { hops, sent } = new Graph(names, edges).shout(has(entry, 'origin') ? text(entry, 'origin') : '0')
  same('messagesSent', sent, integer(entry, 'messagesSent'))
  same('nodes that heard it', hops.size, names.length)
  same('maxHops', Math.max(...hops.values()), integer(entry, 'maxHops'))

  if (has(entry, 'hops')) {
    same('hops', Object.fromEntries(hops), object(entry['hops'], 'hops'))
  }
})

function checkFigure(entry: JsonObject, nodes: number, ends: number): void {
  same('distinctUndirectedConnections', ends / 2, integer(entry, 'distinctUndirectedConnections'))
  same('formulaLag', figures.lagOf(nodes, integer(entry, 'l')), integer(entry, 'formulaLag'))
}

function checkFormulas(entry: JsonObject, nodes: number, ends: number): void {
  const limit = integer(entry, 'l')
  const isSaturated = nodes <= figures.crossoverNodes(limit)
  same('n', nodes, integer(entry, 'n'))
  same('t', ends, integer(entry, 't'))
  same('saturated', isSaturated, flag(entry, 'saturated'))
  const formula = isSaturated ? figures.saturatedMessages(nodes) : figures.limitedMessages(nodes, limit)
  same('formula', formula, integer(entry, 'formula'))
  same('lagBound', figures.lagOf(nodes, limit), integer(entry, 'lagBound'))
}

/** Engines whose messages take one round to the next */
class Graph {
  private readonly engines: Map<string, ShoutEngine>
  /** On their way: from, to, what. BOUNDED by one flood */
  private flying: [string, string, Transmission][] = []
  private readonly hops = new Map<string, number>()
  private round = 0
  private sent = 0

  constructor(names: string[], edges: [string, string][]) {
    this.engines = new Map(names.map((name) => [name, createEngine(name)]))
    const connected = { type: 'connected', protocol: '', group: '' } as const

    for (const [from, to] of distinct(edges).values()) {
      this.input(from, { ...connected, peer: to as PeerKey, direction: 'outbound' })
      this.input(to, { ...connected, peer: from as PeerKey, direction: 'inbound' })
    }

    this.settle()
  }

  shout(origin: string): Outcome {
    this.hops.clear()
    this.hops.set(origin, 0)
    this.round = 0
    this.sent = 0
    this.input(origin, { type: 'command', command: { type: 'shout', call: 0, payload: encodeValue('hello') } })
    this.settle()
    return { hops: new Map([...this.hops].toSorted(([a], [b]) => (a < b ? -1 : 1))), sent: this.sent }
  }

  private settle(): void {
    while (this.flying.length > 0) {
      const now = this.flying
      this.flying = []
      this.round++
      now.forEach(([from, to, message]) => this.input(to, { type: 'message', peer: from as PeerKey, message }))
    }
  }

  private input(name: string, input: ShoutInput): void {
    this.engines
      .get(name)!
      .handle(input, 0)
      .forEach((effect) => this.perform(name, effect))
  }

  private perform(name: string, effect: ShoutEffect): void {
    if (effect.type === 'send') {
      this.flying.push([name, effect.peer, effect.message])
      this.sent += decodeMessages(effect.message.body, BITS)[0]!.opcode === Opcode.SHOUT ? 1 : 0
    } else if (effect.type === 'ask') {
      this.input(name, { type: 'answer', answer: fakeAnswer(effect.ask) })
    } else if (effect.type === 'emit' && effect.event.type === 'heard') {
      this.hops.set(name, this.round)
    } else if (effect.type === 'close') {
      throw new Error(`${name} closed ${effect.peer}: ${effect.reason}`)
    }
  }
}

function createEngine(name: string): ShoutEngine {
  const config = { ...engineDefaults, autoDial: false, listed: false, limit: 1_000, maxInbound: 1_000 }
  return new ShoutEngine({ self: name as PeerKey, key: fakeKey(name), config, random: seededRandom(1), epoch: 0 })
}

function edgeOf(value: Json): [string, string] {
  const [from, to] = list(value, 'the edge').map((name) =>
    typeof name === 'string' || typeof name === 'number' ? String(name) : undefined
  )

  if (from === undefined || to === undefined) {
    throw new Error(`an edge must be two names, and is ${show(value)}`)
  }

  return [from, to]
}

/** Each pair once, whoever dialled */
function distinct(edges: [string, string][]): Map<string, [string, string]> {
  return new Map(edges.map((edge) => [edge.toSorted().join(' '), edge]))
}
