import { seededRandom } from '@hearsay/protocol-core/pure'
import { broadcast, formulas, serve } from './broadcast.ts'
import { limited, saturated, worstCase } from './connections.ts'
import { graphs } from '../report/graph.ts'
import { plot } from '../report/plot.ts'
import { table } from '../report/table.ts'
import type { Random } from '@hearsay/protocol-core/pure'
import type { Experiment, Report } from '../experiment.ts'
import type { Series } from '../report/plot.ts'

const LIMITS = [1, 2, 4, 8] as const
const SIZES = [2, 3, 5, 9, 17, 18, 19, 33, 50, 100, 200]
const HOPS = 'hops until the last node has it'

interface Row {
  n: number
  l: number
  messages: number
  expected: number
  lag: number
  lagBound: number
}

/** The paper's figures about broadcasts, counted message by message. */
export const shoutExperiment: Experiment = {
  name: 'shout',
  summary: 'messages and hops of a SHOUT on saturated and limited networks, worst cases, against a server',
  run(report, seed = 1) {
    const random = seededRandom(seed)
    const full = SIZES.map((n) => count(n, n, random))
    const few = LIMITS.flatMap((l) => SIZES.filter((n) => n > formulas.crossover(l)).map((n) => count(n, l, random)))
    const worst = ([1, 2] as const).flatMap((l) =>
      SIZES.filter((n) => n > formulas.crossover(l)).map((n) => slowest(n, l))
    )
    const title = ['n', 'ℓ', 'messages', 'formula', 'hops', 'at most']
    const rows = [...full, ...few].map((each) => [
      each.n,
      each.l >= each.n ? 'all' : String(each.l),
      each.messages,
      each.expected,
      each.lag,
      each.lagBound
    ])
    report.line(table(title, rows))
    check(report, full, few, worst)
    compareWithServer(report, few)
    report.json('shout', { saturated: full, limited: few, worstCase: worst })
    drawMessages(report, full, few)
    drawLag(report, few, worst)
    drawWorstCases(report)
  }
}

/** @param l - n for a saturated network */
function count(n: number, l: number, random: Random): Row {
  const network = l >= n ? saturated(n) : limited(n, l, random)
  const { messages, lag } = broadcast(network, random.below(n))
  const expected = l >= n ? formulas.saturatedMessages(n) : formulas.limitedMessages(n, l)
  return { n, l, messages, expected, lag, lagBound: l >= n ? 1 : formulas.lag(n, l) }
}

function slowest(n: number, l: 1 | 2): Row {
  const network = worstCase(n, l)
  const { messages, lag } = broadcast(network, network.origin)
  return { n, l, messages, expected: formulas.limitedMessages(n, l), lag, lagBound: formulas.lag(n, l) }
}

function check(report: Report, full: Row[], few: Row[], worst: Row[]): void {
  const wrong = [...full, ...few, ...worst].filter(({ messages, expected }) => messages !== expected)
  const slow = [...full, ...few].filter(({ lag, lagBound }) => lag > lagBound)
  const notWorst = worst.filter(({ lag, lagBound }) => lag !== lagBound)
  report.check('messages are (n − 1)² saturated and (2ℓ − 1)n + 1 limited', wrong.length === 0, JSON.stringify(wrong))
  report.check('no broadcast takes longer than ⌈max((n − 2)/ℓ, 1)⌉', slow.length === 0, JSON.stringify(slow))
  report.check('the worst networks for ℓ = 1 and 2 take exactly that', notWorst.length === 0, JSON.stringify(notWorst))

  const crossing = LIMITS.filter((l) => {
    const n = formulas.crossover(l)
    const costs = [saturated(n), limited(n, l, seededRandom(l))].map((network) => broadcast(network, 0).messages)
    return costs[0] !== costs[1]
  })
  report.check('at n = 2ℓ + 1 both cost the same', crossing.length === 0, `not for ℓ = ${crossing.join()}`)
}

function compareWithServer(report: Report, few: Row[]): void {
  const compared = few.map(({ n, l, messages, lag }) => ({ n, l, messages, lag, server: serve(n, l) }))
  const wrong = compared.filter(
    ({ n, l, messages, server }) =>
      server.lag !== formulas.serverLag(n, l) || Math.abs(messages / server.messages - formulas.bandwidth(n, l)) > 1e-9
  )
  report.check(
    'a server with ℓ writers takes ⌈(n − 1)/ℓ⌉ + 1 steps; a broadcast costs 2ℓ − 1 + 1/n times its messages',
    wrong.length === 0,
    JSON.stringify(wrong)
  )
  const of = (l: number): typeof compared => compared.filter((each) => each.l === l)
  report.svg(
    'shout-server-lag',
    plot({
      title: 'A server with four writers, and SHOUT with ℓ = 4',
      description: 'The server takes longer in proportion to the number of nodes; the broadcast hardly does.',
      x: { label: 'nodes' },
      y: { label: 'steps until the last node has it' },
      series: [
        { name: 'server, 4 writers', points: of(4).map(({ n, server }) => [n, server.lag]) },
        { name: 'SHOUT, ℓ = 4, random network', points: of(4).map(({ n, lag }) => [n, lag]) }
      ]
    })
  )
  report.svg(
    'shout-server-bandwidth',
    plot({
      title: 'Messages of SHOUT for each message of a server',
      description: 'The factor is 2ℓ − 1 and a little more in small networks.',
      x: { label: 'nodes' },
      y: { label: 'times as many messages' },
      series: LIMITS.map((l) => ({
        name: `ℓ = ${l}`,
        points: of(l).map(({ n, messages, server }) => [n, messages / server.messages])
      }))
    })
  )
}

function drawMessages(report: Report, full: Row[], few: Row[]): void {
  const series = (rows: Row[], most: number): Series['points'] =>
    rows.filter(({ n }) => n <= most).map(({ n, messages }) => [n, messages])
  const at = (most: number): Series[] => [
    { name: 'saturated', points: series(full, most) },
    ...LIMITS.map((l) => ({
      name: `ℓ = ${l}`,
      points: series(
        few.filter((row) => row.l === l),
        most
      )
    }))
  ]
  report.svg(
    'shout-messages',
    plot({
      title: 'Messages of one SHOUT',
      description: 'Saturated networks cost the square of their size, limited ones grow in proportion to it.',
      x: { label: 'nodes', scale: 'log' },
      y: { label: 'messages', scale: 'log' },
      series: at(Number.POSITIVE_INFINITY)
    })
  )
  report.svg(
    'shout-crossover',
    plot({
      title: 'Where limiting connections begins to pay: n = 2ℓ + 1',
      description: 'A line for each limit leaves the curve of saturated networks at 3, 5, 9 and 17 nodes.',
      x: { label: 'nodes' },
      y: { label: 'messages' },
      series: at(20)
    })
  )
}

function drawLag(report: Report, few: Row[], worst: Row[]): void {
  const of = (rows: Row[], l: number): Row[] => rows.filter((row) => row.l === l)
  report.svg(
    'shout-lag',
    plot({
      title: 'How long a SHOUT takes',
      description: 'The worst networks take (n − 2)/ℓ hops. Random ones of the same limits are far below.',
      x: { label: 'nodes' },
      y: { label: HOPS },
      series: [
        ...([1, 2] as const).map((l) => ({
          name: `worst, ℓ = ${l}`,
          points: of(worst, l).map(({ n, lag }): [number, number] => [n, lag])
        })),
        ...LIMITS.map((l) => ({
          name: `random, ℓ = ${l}`,
          points: of(few, l).map(({ n, lag }): [number, number] => [n, lag])
        }))
      ]
    })
  )
}

/** Eight nodes each, as in the paper's figures */
function drawWorstCases(report: Report): void {
  const panels = ([1, 2] as const).map((l) => {
    const network = worstCase(8, l)
    const { hops, lag } = broadcast(network, network.origin)
    return {
      title: `ℓ = ${l}: ${lag} hops`,
      nodes: 8,
      edges: network.initiated,
      weight: hops.map((hop) => 1 - hop / lag)
    }
  })
  report.svg(
    'shout-worst-cases',
    graphs('The slowest networks of eight nodes', `Coloured by ${HOPS}, from the origin on.`, panels, [
      'last',
      'origin'
    ])
  )
}
