import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { ConfigError } from '../errors.ts'
import { readIni } from './ini.ts'
import { didYouMean } from './nearest.ts'
import { optionKeys } from './options.ts'
import type { OptionKey } from './options.ts'

/** One setting of a configuration file */
export interface FileEntry {
  /** As the file spells it, for messages */
  name: string
  key: OptionKey
  value: unknown
}

/** Some editors put it before the first line, which would then be none of ours */
const BYTE_ORDER_MARK = /^\uFEFF/

/**
 * Reads TOML, with the names of the flags as keys, or `.ini` as users of the gossip and DHT modules have it.
 *
 * @throws {ConfigError} when it cannot be read or parsed, or has an unknown key
 */
export function readConfigFile(path: string): FileEntry[] {
  const content = read(path)
  return extname(path) === '.ini' ? readIni(path, content) : readToml(path, content)
}

function readToml(path: string, content: string): FileEntry[] {
  return Object.entries(parse(path, content)).map(([name, value]) => {
    const key = optionKeys.find((each) => each === name)

    if (key === undefined) {
      throw new ConfigError(`unknown key "${name}" in ${path}${didYouMean(name, optionKeys)}`)
    }

    return { name, key, value }
  })
}

function parse(path: string, content: string): Record<string, unknown> {
  try {
    return parseToml(content)
  } catch (err) {
    throw new ConfigError(`${path} is not valid TOML: ${firstLine(err)}`, { cause: err })
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(BYTE_ORDER_MARK, '')
  } catch (err) {
    throw new ConfigError(`cannot read the configuration file ${path}: ${firstLine(err)}`, { cause: err })
  }
}

function firstLine(err: unknown): string {
  return String(err instanceof Error ? err.message : err).split('\n', 1)[0]!
}
