import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * The group an address belongs to, where limits are shared among neighbours: its IPv4 /24, its IPv6 /56, else its text.
 */
export function addressGroup(address: Multiaddr): string {
  for (const { name, value } of address.getComponents()) {
    if (name === 'ip4' && value !== undefined) {
      return ip4Group(value.split('.'))
    } else if (name === 'ip6' && value !== undefined) {
      return ip6Group(expand(value))
    }
  }

  return address.toString()
}

function ip4Group([a, b, c]: readonly (string | number)[]): string {
  return `${a}.${b}.${c}.0/24`
}

function ip6Group(groups: readonly string[]): string {
  // an IPv4 address, as an IPv6 socket reports it: ::ffff:c000:0209
  if (groups.slice(0, 6).join('') === '00000000000000000000ffff') {
    const [high, low] = groups.slice(6).map((group) => Number.parseInt(group, 16)) as [number, number]
    return ip4Group([high >> 8, high & 0xff, low >> 8])
  }

  return `${groups.slice(0, 3).join(':')}:${groups[3]!.slice(0, 2)}00::/56`
}

/** All eight groups, four digits each */
function expand(text: string): string[] {
  const [left, right] = text.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  const given = [...left!, ...(right ?? [])]
  const zeros = Array.from({ length: 8 - given.length }, () => '0')
  return [...left!, ...zeros, ...(right ?? [])].map((group) => group.padStart(4, '0'))
}
