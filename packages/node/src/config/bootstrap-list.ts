import { readFileSync } from 'node:fs'
import { ConfigError } from '../errors.ts'
import { address } from './kinds.ts'

/** More than a node can dial in its first hours */
const MAX_PEERS = 1_000
const MAX_BYTES = 2 ** 20

/** What is behind it on a line */
const COMMENT = /(?:^|\s)#.*$/

/**
 * Multiaddrs of peers, one a line; empty lines and what follows a `#` do not count. Each peer once.
 *
 * @throws {ConfigError} when it cannot be read, is too long, or a line is no multiaddr
 */
export function readBootstrapList(path: string): string[] {
  const peers = new Set<string>()

  for (const [i, line] of read(path).split(/\r?\n/).entries()) {
    const written = line.replace(COMMENT, '').trim()

    if (written !== '') {
      peers.add(parseLine(written, `line ${i + 1} of ${path} (--bootstrap-list)`))
    }
  }

  if (peers.size > MAX_PEERS) {
    throw new ConfigError(`${path} (--bootstrap-list) has ${peers.size} peers, and ${MAX_PEERS} are allowed`)
  }

  return [...peers]
}

function parseLine(written: string, where: string): string {
  const parsed = address.parse(written)

  if (parsed === undefined) {
    throw new ConfigError(`${where} must be ${address.allowed}, and is ${JSON.stringify(written.slice(0, 200))}`)
  }

  return parsed
}

function read(path: string): string {
  let content: string

  try {
    content = readFileSync(path, 'utf8')
  } catch (err) {
    const why = (err as Error).message
    throw new ConfigError(`cannot read the list ${path} (--bootstrap-list): ${why}`, { cause: err })
  }

  if (content.length > MAX_BYTES) {
    throw new ConfigError(`${path} (--bootstrap-list) is longer than 1 MiB`)
  }

  return content.replace(/^\uFEFF/, '')
}
