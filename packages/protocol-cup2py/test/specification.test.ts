import { describe, expect, it } from 'vitest'
import { mentionedIn, Specification } from '../../protocol-core/test/shared/specification.ts'

const specification = new Specification('cup2py.md', 'packages/protocol-cup2py/test/**/*.ts')

describe('docs/specs/cup2py.md', () => {
  const all = [...mentionedIn(specification.rows())]

  it('names tests for its rules', () => {
    expect(all.length).toBeGreaterThan(90)
  })

  it.each(all)('%s has a test "%s"', (file, name) => {
    // there is a space before `…`, which need not be in the name
    expect(specification.testsNamed(file, name.replaceAll(/ ?… ?/g, '…'))).not.toEqual([])
  })

  it('has every test file of this package in its tables, but those of parts that have no rule', () => {
    const withoutRule = /^(bundle|lifecycle|metrics|readme|specification|.*\.browser)\.test\.ts$/
    const ours = specification.testFiles('packages/protocol-cup2py', withoutRule)
    const named = new Set(all.map(([file]) => file))
    expect(ours.length).toBeGreaterThan(0)
    expect(ours.filter((file) => !named.has(file))).toEqual([])
  })
})
