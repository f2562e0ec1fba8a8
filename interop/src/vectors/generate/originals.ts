import { readFileSync } from 'node:fs'
import { list, object } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'

/** A file with what the original programs and documents say */
export function original(name: string): JsonObject {
  const url = new URL(`../../../vectors/originals/${name}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as JsonObject
}

export function entries(section: Json | undefined): JsonObject[] {
  return list(section, 'the section').map((entry) => object(entry, 'the case'))
}
