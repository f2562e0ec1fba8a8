import type { Checker } from './case.ts'

export const floods: Checker = () => [{ name: ' (engine)' }]
