/** The little of SVG that the reports need: elements as text, colours, and the frame around a picture. */
export type Attributes = Readonly<Record<string, string | number>>

/** One element. Children are markup already; text goes through `escape` */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escape(value)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A hundredth of a pixel is enough */
export function round(value: number): string {
  return String(Math.round(100 * value) / 100)
}

export const INK = '#1a1a1a'
export const PAPER = '#ffffff'
/** For gridlines and edges, which carry no meaning alone */
export const FAINT = '#d9d9d9'
export const FONT_SIZE = 14

/** Told apart by people who see few colours too; each has a dash and a mark of its own besides */
export const COLOURS: readonly string[] = ['#0060a0', '#b34700', '#00735a', '#8a3a77', '#4d4d4d', '#7a5c00']
export const DASHES: readonly string[] = ['none', '9 4', '2 4', '12 4 2 4', '6 3', '2 2 8 2']

/** WCAG 2: 1 to 21 */
export function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number]
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

export interface PictureInit {
  width: number
  height: number
  title: string
  /** What the picture shows, in words, for those who do not see it */
  description: string
}

/** A whole file, with its title above */
export function picture({ width, height, title, description }: PictureInit, ...children: readonly string[]): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-labelledby': 'title description',
      'font-family': 'system-ui, sans-serif',
      'font-size': FONT_SIZE,
      fill: INK
    },
    element('title', { id: 'title' }, escape(title)),
    element('desc', { id: 'description' }, escape(description)),
    element('rect', { width, height, fill: PAPER }),
    label(title, width / 2, 26, { 'text-anchor': 'middle', 'font-size': 18, 'font-weight': 600 }),
    ...children
  )}\n`
}

export function label(text: string, x: number, y: number, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escape(text))
}

/** Marks of six shapes, about ten pixels wide */
export function mark(shape: number, x: number, y: number, colour: string): string {
  const r = 4.5
  const path = [
    `M${round(x - r)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    `M${round(x - r)} ${round(y - r)}h${2 * r}v${2 * r}h${-2 * r}z`,
    `M${round(x)} ${round(y - r)}l${r} ${2 * r}h${-2 * r}z`,
    `M${round(x)} ${round(y - r)}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`,
    `M${round(x)} ${round(y + r)}l${r} ${-2 * r}h${-2 * r}z`,
    `M${round(x - r)} ${round(y - 1.5)}h${2 * r}v3h${-2 * r}z`
  ][shape % 6]!
  return element('path', { d: path, fill: colour })
}
