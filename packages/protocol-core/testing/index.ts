/**
 * @packageDocumentation
 *
 * For tests of engines, sessions and services. Needs no test runner; what fails throws.
 */
export { EngineScript } from './engine-script.ts'
export { hostileFrames, mutate } from './hostile.ts'
export { lifecycleCompliance } from './lifecycle.ts'
export { sessionEnd, sessionPair } from './session-pair.ts'
export type { ComplianceCase, LifecycleSetup, LifecycleSubject } from './lifecycle.ts'
export type { SessionEnd } from './session-pair.ts'
