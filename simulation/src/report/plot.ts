import { createScale } from './axis.ts'
import { COLOURS, DASHES, element, FAINT, FONT_SIZE, INK, label, mark, picture, round } from './svg.ts'
import { text } from './table.ts'
import type { Axis, Scale } from './axis.ts'

export interface Series {
  name: string
  /** x and y */
  points: readonly (readonly [number, number])[]
  /** @default 'line', with marks where there are few points */
  as?: 'line' | 'points' | 'bars'
}

export interface PlotInit {
  title: string
  /** A sentence on what there is to see; what each series spans is added */
  description: string
  x: Axis
  y: Axis
  series: readonly Series[]
}

const WIDTH = 800
const HEIGHT = 500
const LEFT = 90
const RIGHT = 30
const BOTTOM = HEIGHT - 60
/** Names stand aslant below the axis */
const BOTTOM_WITH_NAMES = HEIGHT - 150
const SLANT = -40
const LEGEND_TOP = 52
const LEGEND_COLUMNS = 3
const LEGEND_LINE = 22
interface Frame {
  across: Scale
  up: Scale
  top: number
  bottom: number
}

/** With more points than these, a line needs no marks */
const MAX_MARKS = 40

/** Lines, points or bars over two axes, as one SVG file. */
export function plot({ title, description, x, y, series }: PlotInit): string {
  const points = series.flatMap((each) => each.points)
  const top = LEGEND_TOP + LEGEND_LINE * Math.ceil(series.length / LEGEND_COLUMNS)
  const bottom = x.names === undefined ? BOTTOM : BOTTOM_WITH_NAMES
  const across = createScale(
    x,
    points.map(([value]) => value),
    [LEFT, WIDTH - RIGHT]
  )
  const up = createScale(
    y,
    points.map(([, value]) => value),
    [bottom, top]
  )
  const frame = { across, up, top, bottom }

  return picture(
    { width: WIDTH, height: HEIGHT, title, description: [description, ...series.map(inWords)].join(' ') },
    ...grid(frame, x.names !== undefined),
    ...axisLabels(x, y, frame),
    ...series.flatMap((each, index) => draw(each, index, frame)),
    ...series.flatMap(({ name, as }, index) => legend(name, index, as))
  )
}

function inWords({ name, points }: Series): string {
  const [first, last] = [points[0], points.at(-1)]
  return first === undefined || last === undefined
    ? `${name}: nothing.`
    : `${name}: ${text(first[1])} at ${text(first[0])}, ${text(last[1])} at ${text(last[0])}.`
}

function grid({ across, up, top, bottom }: Frame, slanted: boolean): string[] {
  return [
    ...across.ticks.flatMap(({ value, text: shown }) => [
      element('path', { d: `M${round(across.at(value))} ${top}V${bottom}`, stroke: FAINT }),
      tick(shown, across.at(value), bottom, slanted)
    ]),
    ...up.ticks.flatMap(({ value, text: shown }) => [
      element('path', { d: `M${LEFT} ${round(up.at(value))}H${WIDTH - RIGHT}`, stroke: FAINT }),
      label(shown, LEFT - 8, up.at(value) + 5, { 'text-anchor': 'end' })
    ]),
    element('path', { d: `M${LEFT} ${top}V${bottom}H${WIDTH - RIGHT}`, stroke: INK, fill: 'none' })
  ]
}

function tick(shown: string, x: number, bottom: number, slanted: boolean): string {
  const y = bottom + (slanted ? 14 : 20)
  return slanted
    ? label(shown, x + 4, y, { 'text-anchor': 'end', transform: `rotate(${SLANT} ${round(x + 4)} ${y})` })
    : label(shown, x, y, { 'text-anchor': 'middle' })
}

function axisLabels(x: Axis, y: Axis, { top, bottom }: Frame): string[] {
  const middle = (top + bottom) / 2
  return [
    label(x.label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, { 'text-anchor': 'middle' }),
    label(y.label, 20, middle, { 'text-anchor': 'middle', transform: `rotate(-90 20 ${round(middle)})` })
  ]
}

function draw({ points, as = 'line' }: Series, index: number, { across, up, bottom }: Frame): string[] {
  const colour = colourOf(index)
  const at = points.map(([x, y]): [number, number] => [across.at(x), up.at(y)])

  if (as === 'bars') {
    return bars(at, colour, bottom)
  }

  const marks = as === 'points' || at.length <= MAX_MARKS ? at.map(([x, y]) => mark(index, x, y, colour)) : []
  const path = at.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('')
  const line = { d: path, fill: 'none', stroke: colour, 'stroke-width': 2, 'stroke-dasharray': dashOf(index) }
  return as === 'points' ? marks : [element('path', line), ...marks]
}

function bars(at: readonly (readonly [number, number])[], colour: string, bottom: number): string[] {
  const gaps = at.slice(1).map(([x], i) => x - at[i]![0])
  const width = Math.max(1, Math.min(40, ...gaps) - 1)
  return at.map(([x, y]) =>
    element('rect', { x: x - width / 2, y, width, height: Math.max(0, bottom - y), fill: colour })
  )
}

function legend(name: string, index: number, as: Series['as']): string[] {
  const x = LEFT + (index % LEGEND_COLUMNS) * ((WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS)
  const y = LEGEND_TOP + LEGEND_LINE * Math.floor(index / LEGEND_COLUMNS) - FONT_SIZE / 3
  const colour = colourOf(index)
  const line = {
    d: `M${round(x)} ${round(y)}h30`,
    stroke: colour,
    'stroke-width': 2,
    'stroke-dasharray': dashOf(index)
  }
  return [
    ...(as === 'line' || as === undefined ? [element('path', line)] : []),
    mark(index, x + 15, y, colour),
    label(name, x + 38, y + FONT_SIZE / 3)
  ]
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length]!
}

function dashOf(index: number): string {
  return DASHES[index % DASHES.length]!
}
