import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const files = globSync('{packages/*,interop,simulation}/test/**/*.test.ts', { cwd: root })
const specification = readFileSync(join(root, 'docs/specs/shout.md'), 'utf8')
const vectors = JSON.parse(readFileSync(join(root, 'interop/vectors/originals/shout.json'), 'utf8')) as object

/** Names of tests and of groups of them: whatever stands in quotes */
function namesIn(file: string): string[] {
  return files
    .filter((path) => basename(path) === file)
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .flatMap((text) => [...text.matchAll(/'((?:[^'\\\n]|\\.)+)'/g)].map(([, name]) => name!))
}

/** The rows of tables, each behind the head of its table, and what is said about tests between them */
function* places(): Generator<string> {
  for (const paragraph of specification.split('\n\n')) {
    const [head = '', , ...rows] = paragraph.split('\n')

    if (head.startsWith('| ')) {
      yield* rows.map((row) => `${/`[\w.-]+\.test\.ts`/.exec(head)?.[0] ?? ''} ${row}`)
    } else if (paragraph.includes('Test')) {
      yield paragraph.slice(paragraph.indexOf('Test')).replaceAll('\n', ' ')
    }
  }
}

/** Each name, with the file that stands before it */
function* mentioned(): Generator<[file: string, name: string]> {
  for (const place of places()) {
    let file = ''

    for (const [, code, name] of place.matchAll(/`([^`]+)`|_([^_`|]+)_/g)) {
      file = code?.endsWith('.test.ts') === true ? code : file

      if (name !== undefined && file !== '') {
        yield [file, name]
      }
    }
  }
}

/** Whether a name of the specification, where `…` stands for any text, is this test's */
function isNameOf(test: string, mentionedAs: string): boolean {
  const [start = '', ...others] = mentionedAs.split('…')
  const end = others.at(-1) ?? ''
  const fits = test.startsWith(start) && test.endsWith(end)
  return others.length === 0 ? test === start : fits && test.length >= start.length + end.length
}

describe('docs/specs/shout.md', () => {
  const all = [...mentioned()]

  it('names tests for its rules', () => {
    expect(all.length).toBeGreaterThan(60)
  })

  it.each(all)('%s has a test "%s"', (file, name) => {
    expect(namesIn(file).filter((each) => isNameOf(each, name))).not.toEqual([])
  })

  it('names vectors that there are', () => {
    const named = [...specification.matchAll(/vectors ((?:`\w+`(?:, )?)+)/g)].flatMap(([, names]) =>
      [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
    )
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !Object.hasOwn(vectors, name))).toEqual([])
  })

  it.each(['T1', 'T2', 'T3', 'T4', 'T5', 'T10', 'T11', 'T12', 'T14', 'T17', 'T19'])('shows %s', (threat) => {
    expect([...places()].filter((place) => new RegExp(`\\b${threat}\\b`).test(place))).not.toEqual([])
  })

  it('has every test file of this package in it, but those of parts that have no rule', () => {
    const withoutRule = /^(bundle|lifecycle|options|readme|service|specification|.*\.browser)\.test\.ts$/
    const ours = files.filter((path) => path.startsWith('packages/protocol-shout')).map((path) => basename(path))
    const named = new Set([...specification.matchAll(/`([\w.-]+\.test\.ts)`/g)].map(([, file]) => file!))
    expect(ours.filter((file) => !withoutRule.test(file) && !named.has(file))).toEqual([])
  })
})
