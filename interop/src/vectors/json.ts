/** Reads what a vector file must have; what is missing or of another kind is told by its name. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws {Error} like all of these: when it is something else */
export function object(value: Json | undefined, name: string): JsonObject {
  return isObject(value) ? value : wrong(name, 'an object', value)
}

export function list(value: Json | undefined, name: string): Json[] {
  return Array.isArray(value) ? value : wrong(name, 'an array', value)
}

export function text(entry: JsonObject, key: string): string {
  const value = entry[key]
  return typeof value === 'string' ? value : wrong(key, 'a string', value)
}

export function flag(entry: JsonObject, key: string): boolean {
  const value = entry[key]
  return typeof value === 'boolean' ? value : wrong(key, 'true or false', value)
}

export function integer(entry: JsonObject, key: string): number {
  const value = entry[key]
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : wrong(key, 'an integer', value)
}

export function hex(entry: JsonObject, key: string): Uint8Array {
  const value = entry[key]
  return typeof value === 'string' && /^([0-9a-f]{2})*$/.test(value)
    ? Buffer.from(value, 'hex')
    : wrong(key, 'bytes in lower-case hexadecimal', value)
}

export function base64(entry: JsonObject, key: string): Uint8Array {
  const value = entry[key]
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined
  return bytes?.toString('base64') === value && bytes !== undefined ? bytes : wrong(key, 'bytes in base64', value)
}

/** 64 bits as 16 hexadecimal digits */
export function hex64(entry: JsonObject, key: string): bigint {
  const value = entry[key]
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)
    ? BigInt(`0x${value}`)
    : wrong(key, '16 hexadecimal digits', value)
}

export function has(entry: JsonObject, key: string): boolean {
  return Object.hasOwn(entry, key)
}

/** A value as it fits a message */
export function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value)
  return shown.length > 100 ? `${shown.slice(0, 100)}… (${shown.length} characters)` : shown
}

function wrong(name: string, wanted: string, value: unknown): never {
  throw new Error(value === undefined ? `${name} is missing` : `${name} must be ${wanted}, and is ${show(value)}`)
}
