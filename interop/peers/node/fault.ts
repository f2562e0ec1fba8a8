/** What this peer does wrong on purpose, to prove that the cells see it. @see interop/src/matrix/faults.ts */
export type FaultName =
  | 'little-endian-proof'
  | 'ttl-kept'
  | 'ttl-two-less'
  | 'id-of-16-bits'
  | 'no-memory'
  | 'impatient'
  | 'takes-any-proof'
  | 'same-challenge'
  | 'size-of-body'
  | 'flag-in-top-bit'
  | 'fields-swapped'
  | 'cuts-large'
  | 'says-all-valid'
  | 'pss-salt'
  | 'lazy-vectors'

export function hasFault(name: FaultName): boolean {
  return process.env['PEER_FAULT'] === name
}
