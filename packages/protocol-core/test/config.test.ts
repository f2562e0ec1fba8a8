import { withDefaults } from '@hearsay/protocol-core/pure'
import { describe, expect, it } from 'vitest'

const defaults = { degree: 4, name: 'x', peers: [] as string[], home: undefined as string | undefined }

describe('withDefaults', () => {
  it('takes what is given, and the default for the rest and for undefined', () => {
    expect(withDefaults(defaults, { degree: 5, name: undefined })).toEqual({ ...defaults, degree: 5 })
    expect(withDefaults(defaults, { home: '/' }).home).toBe('/')
  })

  it.each([
    [{ degree: 0 }, 'degree must be an integer from 1 to 9, and is 0'],
    [{ degree: 10 }, 'degree must be an integer from 1 to 9, and is 10'],
    [{ degree: 1.5 }, 'degree must be an integer from 1 to 9, and is 1.5'],
    [{ degree: Number.NaN }, 'degree must be an integer from 1 to 9, and is NaN'],
    [{ degree: '5' }, 'degree must be a number, and is "5"'],
    [{ peers: 'a' }, 'peers must be a list, and is "a"'],
    [{ degre: 5 }, 'degre is no option; known are degree, name, peers, home']
  ])('refuses %o', (init, message) => {
    expect(() => withDefaults(defaults, init as object, { degree: [1, 9] })).toThrow(
      expect.objectContaining({ name: 'InvalidParametersError', message })
    )
  })

  it('is not fooled by names every object has', () => {
    expect(() => withDefaults(defaults, { toString: 1 } as object)).toThrow('toString is no option')
  })
})
