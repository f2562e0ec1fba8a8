/** One target, and what was measured for it. */
export interface Comparison {
  what: string
  /** Ours by theirs, or in `unit` */
  ratio: number
  target: number
  /** @default 'at least' */
  sense?: 'at least' | 'at most'
  /** Of `ratio` and `target`. @default 'x' */
  unit?: string
}

export function passes({ ratio, target, sense }: Comparison): boolean {
  return sense === 'at most' ? ratio <= target : ratio >= target
}

/** `6.1 x`, of which small ones keep more digits */
export function quantity(value: number, unit = 'x'): string {
  return `${value.toLocaleString('en', { maximumSignificantDigits: Math.abs(value) < 100 ? 3 : 4 })} ${unit}`
}
