import { describe, expect, it } from 'vitest'
import { createScale, niceStep } from '../src/report/axis.ts'
import { graphs, weightColour } from '../src/report/graph.ts'
import { plot } from '../src/report/plot.ts'
import { COLOURS, contrast, DASHES, FONT_SIZE, INK, PAPER } from '../src/report/svg.ts'
import { percent, table } from '../src/report/table.ts'

const init: Parameters<typeof plot>[0] = {
  title: 'Cats & <dogs>',
  description: 'Two lines and "points".',
  x: { label: 'n', scale: 'log' },
  y: { label: 'm' },
  series: [
    {
      name: 'a line',
      points: [
        [1, 0],
        [10, 50],
        [100, 437]
      ]
    },
    {
      name: 'points',
      points: [
        [1, 3],
        [100, 7]
      ],
      as: 'points'
    },
    {
      name: 'bars',
      points: [
        [1, 3],
        [100, 7]
      ],
      as: 'bars'
    }
  ]
}
const drawing = plot(init)

/** @returns the names of all elements. @throws where one is not closed in the order it was opened */
function parse(xml: string): string[] {
  const tags = /<(\/?)([a-z]+)(?:\s[a-z:-]+="[^"<]*")*\s*(\/?)>/gi
  const open: string[] = []
  const names: string[] = []

  for (const [tag, end, name, self] of xml.matchAll(tags)) {
    if (end === '/' && open.pop() !== name) {
      throw new Error(`${tag} closes nothing`)
    } else if (end !== '/') {
      names.push(name!)
      open.push(...(self === '/' ? [] : [name!]))
    }
  }

  if (open.length > 0 || /[<>]/.test(xml.replaceAll(tags, ''))) {
    throw new Error(`not well-formed: ${open.join()}`)
  }

  return names
}

describe('a plot', () => {
  it('is well-formed, its text escaped', () => {
    expect(parse(drawing)).toContain('svg')
    expect(drawing).toContain('Cats &amp; &lt;dogs&gt;')
  })

  it('has a title and a description for those who do not see it, with what each series spans', () => {
    expect(drawing).toContain('role="img" aria-labelledby="title description"')
    expect(drawing).toMatch(/<title id="title">Cats/)
    expect(drawing).toMatch(/<desc id="description">Two lines and &quot;points&quot;\. a line: 0 at 1, 437 at 100\./)
  })

  it('names its axes and every series', () => {
    for (const text of ['n', 'm', 'a line', 'points', 'bars']) {
      expect(drawing).toContain(`>${text}</text>`)
    }
  })

  it('shows the points where the ticks say they are', () => {
    const scale = createScale({ label: '', scale: 'log' }, [1, 100], [0, 200])
    expect(scale.ticks.map(({ text }) => text)).toEqual(['1', '10', '100'])
    expect([1, 10, 100].map((value) => scale.at(value))).toEqual([0, 100, 200])
    const linear = createScale({ label: '' }, [3, 437], [400, 0])
    expect(linear.ticks.map(({ value }) => value)).toEqual([0, 100, 200, 300, 400, 500])
    expect(linear.at(250)).toBe(200)
  })

  it.each([
    [0.3, 0.5],
    [1, 1],
    [1.2, 2],
    [60, 100],
    [2_100, 5_000]
  ])('rounds steps of %d to %d', (atLeast, step) => {
    expect(niceStep(atLeast)).toBe(step)
  })

  it('names what stands for numbers, aslant below the axis', () => {
    const scale = createScale({ label: '', names: ['cats', 'dogs'] }, [], [0, 100])
    expect(scale.ticks.map(({ value, text }) => [text, scale.at(value)])).toEqual([
      ['cats', 25],
      ['dogs', 75]
    ])
    const named = plot({ ...init, x: { label: 'pet', names: ['cats', 'dogs'] } })
    expect(parse(named)).toContain('svg')
    expect(named).toMatch(/rotate\(-40 [^>]*>dogs<\/text>/)
  })

  it('draws the same values the same way', () => {
    expect(drawing).toBe(plot(JSON.parse(JSON.stringify(init)) as typeof init))
  })
})

describe('its look', () => {
  it('has text and lines that stand out from the paper: WCAG 2 AA', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21)
    expect(contrast(INK, PAPER)).toBeGreaterThanOrEqual(7)
    COLOURS.forEach((colour) => expect(contrast(colour, PAPER)).toBeGreaterThanOrEqual(4.5))
  })

  it('tells series apart without colour', () => {
    expect(new Set(DASHES).size).toBe(COLOURS.length)
    expect(new Set(COLOURS).size).toBe(COLOURS.length)
  })

  it('has no small text', () => {
    const sizes = [...drawing.matchAll(/font-size="(\d+)"/g)].map(([, size]) => Number(size))
    expect(FONT_SIZE).toBeGreaterThanOrEqual(14)
    expect(Math.min(...sizes)).toBe(FONT_SIZE)
  })

  it('keeps everything on the paper', () => {
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(drawing)!.map(Number)
    const at = (name: string): number[] =>
      [...drawing.matchAll(new RegExp(` ${name}="(-?[\\d.]+)"`, 'g'))].map(([, value]) => Number(value))
    expect(Math.min(...at('x'), ...at('y'))).toBeGreaterThanOrEqual(0)
    expect(Math.max(...at('x'))).toBeLessThanOrEqual(width!)
    expect(Math.max(...at('y'))).toBeLessThanOrEqual(height!)
  })
})

describe('a graph', () => {
  const drawn = graphs(
    'Users',
    'By reach.',
    [
      {
        title: 'one',
        nodes: 4,
        edges: [
          [0, 1],
          [1, 2]
        ],
        weight: [1, 0.5, 0.2, 0]
      }
    ],
    ['none', 'most']
  )

  it('is well-formed and has every node once: circles, and squares for none', () => {
    const names = parse(drawn)
    // the key below has four circles and a square, the paper is a rectangle too
    expect(names.filter((name) => name === 'circle')).toHaveLength(3 + 4)
    expect(names.filter((name) => name === 'rect')).toHaveLength(1 + 1 + 1)
  })

  it('is red for many, blue for none, and both stand out', () => {
    expect([weightColour(1), weightColour(0)]).toEqual(['#b2182b', '#2166ac'])
    ;[0, 0.25, 0.5, 0.75, 1].forEach((weight) => expect(contrast(weightColour(weight), PAPER)).toBeGreaterThan(4.5))
  })

  it('lies the same way each time', () => {
    const once = graphs('t', 'd', [{ title: '', nodes: 3, edges: [[0, 1]], weight: [0, 1, 1] }], ['', ''])
    const again = graphs('t', 'd', [{ title: '', nodes: 3, edges: [[0, 1]], weight: [0, 1, 1] }], ['', ''])
    expect(once).toBe(again)
  })
})

describe('a table', () => {
  it('aligns numbers to the right and text to the left', () => {
    expect(
      table(
        ['name', 'n'],
        [
          ['a', 1],
          ['bcd', 12_345.678]
        ]
      )
    ).toBe('name          n\n----  ---------\na             1\nbcd   12,345.68')
  })

  it('writes shares', () => {
    expect([percent(0.98765), percent(Number.NaN)]).toEqual(['98.77 %', '–'])
  })
})
