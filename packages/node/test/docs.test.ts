/** The pages for readers: what they tell to type exists, and what they point at is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commands } from '../src/cli/commands/index.ts'
import { options } from '../src/config/options.ts'
import type { CommandSpec } from '../src/cli/command.ts'
import type { AnyOption } from '../src/config/options.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = ['README.md', 'packages/node/README.md', ...markdownIn('docs')].map((path) => join(root, path))
const read = (page: string): string => readFileSync(page, 'utf8')

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => /^for-.*\.md$/.test(name))
    .map((name) => join(folder, name))
}

/** The words of each command of ours in a text, as a shell has them */
function typed(text: string): string[][] {
  const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].map(([, block]) => block!)
  const inline = [...text.matchAll(/`(hearsay [^`]+)`/g)].map(([, command]) => command!)
  return [...blocks.flatMap((block) => block.split('\n')), ...inline]
    .map((line) =>
      line
        .trim()
        .replace(/^npx -y pnpm@12 start/, 'hearsay start')
        .replace(/^npx -y pnpm@12 /, '')
    )
    .map((line) => line.replace(/ +[|>#].*$/, ''))
    .filter((line) => line.startsWith('hearsay '))
    .map((line) => [...line.matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) => word).slice(1))
}

function specOf(words: readonly string[]): CommandSpec | undefined {
  return commands
    .filter(({ name }) => name.split(' ').every((word, i) => words[i] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0]
}

/** What is wrong with a command, if anything is */
function mistakes(words: readonly string[]): string[] {
  const spec = specOf(words)

  if (spec === undefined) {
    return words[0]?.startsWith('--') === true || words[0] === undefined ? [] : [`no command: ${words.join(' ')}`]
  }

  const own = (spec.options ?? []).map(([flags]) => flags.split(' ')[0]!)
  const keys = [...(spec.nodeOptions ?? []), 'data-dir' as const]
  const toggles = keys.filter((key) => (options[key] as AnyOption).kind.metavar === '').map((key) => `--no-${key}`)
  const known = [...own, ...keys.map((key) => `--${key}`), ...toggles, '--config', '--json', '--help']
  return words.filter((word) => word.startsWith('--') && !known.includes(word))
}

describe.each(pages.map((page) => [relative(root, page), page] as const))('%s', (_name, page) => {
  it('tells commands and options that there are', () => {
    expect(typed(read(page)).flatMap(mistakes)).toEqual([])
  })

  it('points at files that are there, and at headings in them', () => {
    const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
    const missing = targets.filter(([, path, heading]) => {
      const file = path === '' ? page : join(dirname(page), path!)
      return !existsSync(file) || (heading !== undefined && !headingsOf(file).includes(heading))
    })
    expect(missing.map(([link]) => link)).toEqual([])
  })
})

/** As the anchors of a page are made of them */
function headingsOf(file: string): string[] {
  const page = file.endsWith('.md') ? file : join(file, 'README.md')
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
    text!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-')
  )
}

it('a command and an option that are not there are noticed', () => {
  const page =
    'Say `hearsay dance`.\n```sh\nnpx -y pnpm@12 start --colour red\nhearsay dht put a "b c" --ttl 3 | cat\n```\n'
  expect(typed(page).flatMap(mistakes)).toEqual(['--colour', 'no command: dance'])
})

it('each page for an audience is linked from the first page', () => {
  const first = read(pages[0]!)
  expect(pages.slice(2)).toHaveLength(3)
  expect(pages.slice(2).filter((page) => !first.includes(`(${relative(root, page)})`))).toEqual([])
})
