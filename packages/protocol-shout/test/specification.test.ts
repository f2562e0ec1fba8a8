import { describe, expect, it } from 'vitest'
import vectors from '../../../interop/vectors/originals/shout.json' with { type: 'json' }
import { mentionedIn, Specification } from '../../protocol-core/test/shared/specification.ts'

const specification = new Specification('shout.md', '{packages/*,interop,simulation}/test/**/*.test.ts')

/** The rows of tables, each behind the head of its table, and what is said about tests between them */
function* places(): Generator<string> {
  for (const paragraph of specification.text.split('\n\n')) {
    const [head = '', , ...rows] = paragraph.split('\n')

    if (head.startsWith('| ')) {
      yield* rows.map((row) => `${/`[\w.-]+\.test\.ts`/.exec(head)?.[0] ?? ''} ${row}`)
    } else if (paragraph.includes('Test')) {
      yield paragraph.slice(paragraph.indexOf('Test')).replaceAll('\n', ' ')
    }
  }
}

describe('docs/specs/shout.md', () => {
  const all = [...mentionedIn(places())]

  it('names tests for its rules', () => {
    expect(all.length).toBeGreaterThan(60)
  })

  it.each(all)('%s has a test "%s"', (file, name) => {
    expect(specification.testsNamed(file, name)).not.toEqual([])
  })

  it('names vectors that there are', () => {
    const named = [...specification.text.matchAll(/vectors ((?:`\w+`(?:, )?)+)/g)].flatMap(([, names]) =>
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
    const ours = specification.testFiles('packages/protocol-shout', withoutRule)
    const named = new Set([...specification.text.matchAll(/`([\w.-]+\.test\.ts)`/g)].map(([, file]) => file!))
    expect(ours.length).toBeGreaterThan(0)
    expect(ours.filter((file) => !named.has(file))).toEqual([])
  })
})
