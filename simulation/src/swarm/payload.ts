/** What the simulated application sends: its number, whether it is valid, and padding. */
const HEADER_BYTES = 5

export function createPayload(number: number, bytes: number, valid = true): Uint8Array {
  const payload = new Uint8Array(Math.max(bytes, HEADER_BYTES))
  new DataView(payload.buffer).setUint32(0, number)
  payload[4] = valid ? 1 : 0
  return payload
}

export function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0)
}

export function isValid(payload: Uint8Array): boolean {
  return payload.byteLength >= HEADER_BYTES && payload[4] === 1
}
