import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const files = globSync('packages/protocol-cup2py/test/**/*.ts', { cwd: root })
const specification = readFileSync(join(root, 'docs/specs/cup2py.md'), 'utf8')

/** Names of tests and of groups of them: whatever stands in quotes */
function namesIn(file: string): string[] {
  return files
    .filter((path) => basename(path) === file)
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .flatMap((text) => [...text.matchAll(/'((?:[^'\\\n]|\\.)*)'/g)].map(([, name]) => name!))
}

/** Each name in the tables, with the file that stands before it */
function* mentioned(): Generator<[file: string, name: string]> {
  for (const row of specification.split('\n').filter((line) => line.startsWith('| '))) {
    let file = ''

    for (const [, testFile, name] of row.matchAll(/`([\w-]+(?:\.test|-suite)\.ts)`|_([^_`|]+)_/g)) {
      file = testFile ?? file

      if (name !== undefined && file !== '') {
        yield [file, name]
      }
    }
  }
}

/** Whether a name in the tables, where `…` stands for any text, is this test's */
function isNameOf(test: string, mentionedAs: string): boolean {
  const [start = '', ...others] = mentionedAs.split('…').map((part) => part.trim())
  const end = others.at(-1) ?? ''
  const fits = test.startsWith(start) && test.endsWith(end)
  return others.length === 0 ? test === start : fits && test.length >= start.length + end.length
}

describe('docs/specs/cup2py.md', () => {
  const all = [...mentioned()]

  it('names tests for its rules', () => {
    expect(all.length).toBeGreaterThan(90)
  })

  it.each(all)('%s has a test "%s"', (file, name) => {
    expect(namesIn(file).filter((each) => isNameOf(each, name))).not.toEqual([])
  })

  it('has every test file of this package in its tables, but those of parts that have no rule', () => {
    const withoutRule = /^(bundle|lifecycle|metrics|readme|specification|.*\.browser)\.test\.ts$/
    const ours = files.map((path) => basename(path)).filter((file) => file.endsWith('.test.ts'))
    const named = new Set(all.map(([file]) => file))
    expect(ours.filter((file) => !withoutRule.test(file) && !named.has(file))).toEqual([])
  })
})
