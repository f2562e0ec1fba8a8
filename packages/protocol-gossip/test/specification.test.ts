import { describe, expect, it } from 'vitest'
import { mentionedIn, Specification } from '../../protocol-core/test/shared/specification.ts'

const specification = new Specification('gossip.md', '{packages/*,interop,simulation}/test/**/*.test.ts')

describe('docs/specs/gossip.md', () => {
  const all = [...mentionedIn(specification.rows())]

  it('names tests for its rules', () => {
    expect(all.length).toBeGreaterThan(70)
  })

  it.each(all)('%s has a test "%s"', (file, name) => {
    expect(specification.testsNamed(file, name)).not.toEqual([])
  })

  it('has every test file of this package in its tables, but those of parts that have no rule', () => {
    const withoutRule =
      /^(addresses|bundle|lifecycle|metrics|readme|specification|proof|scan|workers|.*\.browser)\.test\.ts$/
    const ours = specification.testFiles('packages/protocol-gossip', withoutRule)
    const named = new Set([...all.map(([file]) => file), 'churn.test.ts'])
    expect(ours.length).toBeGreaterThan(0)
    expect(ours.filter((file) => !named.has(file))).toEqual([])
  })
})
