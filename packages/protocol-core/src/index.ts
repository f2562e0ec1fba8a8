/**
 * @packageDocumentation
 *
 * The IO around an engine: sessions over libp2p streams, the runner that performs effects, system randomness, RSA.
 */
export { addressGroup } from './address-group.ts'
export { InvalidKeyError } from './errors.ts'
export { generateRsaKey, RsaPrivateKey, RsaPublicKey } from './rsa.ts'
export { Runner } from './runner.ts'
export { Session } from './session.ts'
export { peerKey, Sessions } from './sessions.ts'
export { systemRandom } from './system-random.ts'
export type { RsaLimits } from './pkcs.ts'
export type { RsaScheme } from './rsa-webcrypto.ts'
export type { RunnerInit, RunnerSessions } from './runner.ts'
export type { SessionInit } from './session.ts'
export type { Codec, DropReason, SessionInput, SessionsComponents, SessionsInit, Wire } from './sessions.ts'
