import { isIPv6 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { TCP, WebSockets } from '@multiformats/multiaddr-matcher'
import type { Range } from '@hearsay/protocol-core/pure'

/** How the text of a flag, a variable or a file becomes a value. */
export interface Kind<T> {
  /** How `--help` shows the value, such as `<n>`; empty for a switch */
  metavar: string
  /** What is allowed, for messages: "must be …" */
  allowed: string
  /** Takes several values */
  list: boolean
  /** Of a number */
  range?: Range
  /** @returns undefined when it is not allowed */
  parse(value: unknown): T | undefined
  /** As a person would write it */
  format(value: T): string
}

export interface HostPort {
  host: string
  /** 0 picks a free one */
  port: number
}

/** Where the control API listens */
export type Endpoint = HostPort | { path: string }

export function integer(range: Range): Kind<number> {
  const [lowest, highest] = range

  return {
    range,
    metavar: '<n>',
    allowed: `an integer from ${lowest} to ${highest}`,
    list: false,
    format: String,
    parse(value) {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
      return Number.isSafeInteger(number) && lowest <= Number(number) && Number(number) <= highest
        ? Number(number)
        : undefined
    }
  }
}

/** A range in ms, given in seconds */
export function seconds([lowest, highest]: Range): Kind<number> {
  return {
    ...integer([Math.ceil(lowest / 1_000), Math.floor(highest / 1_000)]),
    metavar: '<s>'
  }
}

export function megabytes(range: Range): Kind<number> {
  return { ...integer(range), metavar: '<MiB>' }
}

/** On or off: `--gossip` and `--no-gossip`, `gossip = false` in a file */
export const toggle: Kind<boolean> = {
  metavar: '',
  allowed: 'true or false',
  list: false,
  format: String,
  parse: (value) =>
    value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined
}

/** Some of these words, each once, in the order that is given */
export function someOf<T extends string>(words: readonly T[]): Kind<T[]> {
  return {
    metavar: '<names>',
    allowed: `some of ${words.join(', ')}, each once`,
    list: true,
    format: (value) => value.join(', '),
    parse(value) {
      const given = (Array.isArray(value) ? value : [value]).flatMap((each) =>
        typeof each === 'string' ? each.split(',').map((word) => word.trim()) : [each]
      )
      const known = given.map((each) => words.find((word) => word === each)).filter((each) => each !== undefined)
      return given.length > 0 && known.length === given.length && new Set(known).size === given.length
        ? known
        : undefined
    }
  }
}

/** Text that a pattern allows */
export function matching(pattern: RegExp, allowed: string, metavar = '<text>'): Kind<string> {
  return {
    metavar,
    allowed,
    list: false,
    format: String,
    parse: (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined)
  }
}

export function oneOf<T extends string>(words: readonly T[]): Kind<T> {
  return {
    metavar: `<${words.join('|')}>`,
    allowed: words.join(' or '),
    list: false,
    format: String,
    parse: (value) => words.find((word) => word === value)
  }
}

export const text: Kind<string> = {
  metavar: '<path>',
  allowed: 'a path',
  list: false,
  format: String,
  parse: (value) => (typeof value === 'string' && value !== '' ? value : undefined)
}

export const address: Kind<string> = {
  metavar: '<multiaddr>',
  allowed: 'a multiaddr such as /ip4/192.0.2.1/tcp/6001',
  list: false,
  format: String,
  parse(value) {
    try {
      const parsed = typeof value === 'string' ? multiaddr(value) : undefined
      return parsed !== undefined && parsed.getComponents().length > 0 ? parsed.toString() : undefined
    } catch {
      return undefined
    }
  }
}

export const addresses: Kind<string[]> = {
  metavar: '<multiaddr>',
  allowed: 'multiaddrs such as /ip4/192.0.2.1/tcp/6001',
  list: true,
  format: (value) => value.join(', '),
  parse(value) {
    const items = typeof value === 'string' ? value.split(',').filter((item) => item.trim() !== '') : value

    if (!Array.isArray(items)) {
      return undefined
    }

    const parsed = items.map((item) => address.parse(typeof item === 'string' ? item.trim() : item))
    return parsed.every((item) => item !== undefined) ? parsed : undefined
  }
}

const LISTENABLE = [TCP, WebSockets]
const WITH_PEER_ID = /^\/(?!p2p\/).+\/p2p\/[^/]+$/

/** Where this machine can be listened on, with the transports there are */
export const listenAddresses: Kind<string[]> = {
  ...addresses,
  allowed: 'TCP multiaddrs such as /ip4/0.0.0.0/tcp/6001, with /ws for WebSockets',
  parse(value) {
    const parsed = addresses.parse(value)
    return parsed?.every((each) => LISTENABLE.some((kind) => kind.exactMatch(multiaddr(each)))) ? parsed : undefined
  }
}

/** Peers that can be dialled and recognised: with an address and, at the end, a peer id */
export const peerAddresses: Kind<string[]> = {
  ...addresses,
  allowed: 'multiaddrs with a peer id such as /ip4/192.0.2.1/tcp/6001/p2p/12D3KooW…',
  parse(value) {
    const parsed = addresses.parse(value)
    return parsed?.every((each) => WITH_PEER_ID.test(each)) ? parsed : undefined
  }
}

export const hostPort: Kind<HostPort> = {
  metavar: '<host:port>',
  allowed: 'a host and a port such as 127.0.0.1:7001 or [::1]:7001',
  list: false,
  format: ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`),
  parse(value) {
    const written = typeof value === 'string' ? value : ''
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(written) ?? []
    const host = bracketed !== undefined && isIPv6(bracketed) ? bracketed : plain
    return host !== undefined && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined
  }
}

/** A host and a port, or else a path, which has a slash in it */
export const endpoint: Kind<Endpoint> = {
  metavar: '<host:port|path>',
  allowed: 'a host and a port such as 127.0.0.1:7003, or the path of a socket such as ./control.sock',
  list: false,
  format: (value) => ('path' in value ? value.path : hostPort.format(value)),
  parse(value) {
    const isPath = typeof value === 'string' && /[/\\]/.test(value)
    return hostPort.parse(value) ?? (isPath ? { path: value } : undefined)
  }
}
