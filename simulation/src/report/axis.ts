import { text } from './table.ts'

export interface Axis {
  label: string
  scale?: 'linear' | 'log'
  /** Where it begins at the latest; linear axes begin at 0 at the latest unless told otherwise */
  from?: number
  /** What the values 1, 2, 3 … stand for, in place of numbers */
  names?: readonly string[]
}

export interface Scale {
  /** From value to pixel */
  at(value: number): number
  ticks: { value: number; text: string }[]
}

const WANTED_TICKS = 6

/** @param pixels - where the axis begins and ends on the picture */
export function createScale(axis: Axis, values: readonly number[], pixels: readonly [number, number]): Scale {
  if (axis.names !== undefined) {
    return namedScale(axis.names, pixels)
  }

  const lowest = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const highest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  return axis.scale === 'log'
    ? logScale(Math.min(lowest, axis.from ?? lowest), highest, pixels)
    : linearScale(Math.min(lowest, axis.from ?? 0), highest, pixels)
}

function namedScale(names: readonly string[], [begin, end]: readonly [number, number]): Scale {
  return {
    at: (value) => begin + ((value - 0.5) / names.length) * (end - begin),
    ticks: names.map((name, i) => ({ value: i + 1, text: name }))
  }
}

function linearScale(lowest: number, highest: number, [begin, end]: readonly [number, number]): Scale {
  const step = niceStep((highest - lowest) / WANTED_TICKS)
  const first = Math.floor(lowest / step)
  const last = Math.max(first + 1, Math.ceil(highest / step - 1e-9))
  const span = (last - first) * step

  return {
    at: (value) => begin + ((value - first * step) / span) * (end - begin),
    ticks: Array.from({ length: last - first + 1 }, (_, i) => {
      const value = (first + i) * step
      return { value, text: text(value, Math.max(0, -Math.floor(Math.log10(step)))) }
    })
  }
}

function logScale(lowest: number, highest: number, [begin, end]: readonly [number, number]): Scale {
  const first = Math.floor(Math.log10(lowest) + 1e-9)
  const last = Math.max(first + 1, Math.ceil(Math.log10(highest) - 1e-9))

  return {
    at: (value) => begin + ((Math.log10(value) - first) / (last - first)) * (end - begin),
    ticks: Array.from({ length: last - first + 1 }, (_, i) => {
      const value = 10 ** (first + i)
      return { value, text: text(value, Math.max(0, -(first + i))) }
    })
  }
}

/** 1, 2 or 5 times a power of ten, at least as big as asked for */
export function niceStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast > 0 ? atLeast : 1))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= atLeast * (1 - 1e-9)) ?? 10)
}
