import { forceCenter, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force'
import { element, FAINT, INK, label, picture } from './svg.ts'
import type { SimulationNodeDatum } from 'd3-force'

export interface GraphInit {
  /** Above its panel */
  title: string
  nodes: number
  /** Pairs of node numbers */
  edges: readonly (readonly [number, number])[]
  /** For each node, 0 (none) to 1 (most) */
  weight: readonly number[]
}

interface Place extends SimulationNodeDatum {
  x: number
  y: number
}

const PANEL = 460
const TOP = 70
const FOOT = 60
/** Enough for a picture; each takes a few milliseconds for a thousand nodes */
const STEPS = 60
const MOST = [178, 24, 43] as const
const NONE = [33, 102, 172] as const

/** Red for 1, blue for 0. The sizes of the marks say the same, and 0 is a square */
export function weightColour(weight: number): string {
  return `#${MOST.map((most, i) => Math.round(NONE[i]! + weight * (most - NONE[i]!)))
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`
}

/** Graphs side by side, two in a row, as one SVG file. */
export function graphs(
  title: string,
  description: string,
  all: readonly GraphInit[],
  [none, most]: [string, string]
): string {
  const columns = Math.min(2, all.length)
  const width = columns * PANEL
  const height = TOP + Math.ceil(all.length / columns) * PANEL + FOOT
  const panels = all.map((each, i) =>
    element(
      'g',
      { transform: `translate(${(i % columns) * PANEL} ${TOP + Math.floor(i / columns) * PANEL})` },
      label(each.title, PANEL / 2, -10, { 'text-anchor': 'middle' }),
      ...drawGraph(each)
    )
  )
  const y = height - FOOT / 2
  const key = [0, 0.25, 0.5, 0.75, 1].map((weight, i) => node(width / 2 + 30 * (i - 2), y, weight))
  const ends = [
    label(none, width / 2 - 85, y + 5, { 'text-anchor': 'end' }),
    label(most, width / 2 + 85, y + 5, { 'text-anchor': 'start' })
  ]
  return picture({ width, height, title, description }, ...panels, ...key, ...ends)
}

function drawGraph({ nodes, edges, weight }: GraphInit): string[] {
  const places = layOut(nodes, edges)
  const path = edges
    .map(([a, b]) => [places[a]!, places[b]!] as const)
    .map(([a, b]) => `M${a.x.toFixed(0)} ${a.y.toFixed(0)}L${b.x.toFixed(0)} ${b.y.toFixed(0)}`)
    .join('')
  return [
    element('path', { d: path, stroke: FAINT, fill: 'none' }),
    ...places.map(({ x, y }, index) => node(x, y, weight[index]!))
  ]
}

function node(x: number, y: number, weight: number): string {
  const fill = weightColour(weight)
  const r = 2.5 + 2 * weight
  return weight === 0
    ? element('rect', { x: x - r, y: y - r, width: 2 * r, height: 2 * r, fill, stroke: INK, 'stroke-width': 0.4 })
    : element('circle', { cx: x, cy: y, r, fill, stroke: INK, 'stroke-width': 0.4 })
}

/** Forces between the nodes; the result is the same each time, and fills the panel */
function layOut(nodes: number, edges: GraphInit['edges']): Place[] {
  const places = Array.from({ length: nodes }, (): Place => ({}) as Place)
  const links = edges.map(([source, target]) => ({ source, target }))
  forceSimulation(places)
    .force('link', forceLink(links).distance(20))
    .force('charge', forceManyBody().strength(-25))
    .force('x', forceX().strength(0.06))
    .force('y', forceY().strength(0.06))
    .force('center', forceCenter())
    .alphaDecay(1 - 0.001 ** (1 / STEPS))
    .stop()
    .tick(STEPS)
  return fit(places)
}

function fit(places: readonly Place[]): Place[] {
  const xs = places.map(({ x }) => x)
  const ys = places.map(({ y }) => y)
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  const span = Math.max(Math.max(...xs) - left, Math.max(...ys) - top, 1)
  const inner = PANEL - 50
  return places.map(({ x, y }) => ({ x: 25 + ((x - left) / span) * inner, y: 10 + ((y - top) / span) * inner }))
}
