import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * The group an address belongs to, where limits are shared among neighbours: its IPv4 /24, its IPv6 /56, else its text.
 */
export function addressGroup(address: Multiaddr): string {
  for (const { name, value } of address.getComponents()) {
    if ((name === 'ip4' || name === 'ip6') && value?.includes('.') === true) {
      // also an IPv4 address that an IPv6 socket reports, ::ffff:192.0.2.1
      return `${value.slice(value.lastIndexOf(':') + 1, value.lastIndexOf('.'))}.0/24`
    } else if (name === 'ip6' && value !== undefined) {
      return `${expandIp6(value).slice(0, 17)}00::/56`
    }
  }

  return address.toString()
}

/** All eight groups in full, four digits each */
function expandIp6(text: string): string {
  const [head = '', tail] = text.split('::')
  const [left, right] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array.from({ length: 8 - left!.length - right!.length }, () => '0')
  return [...left!, ...zeros, ...right!].map((group) => group.padStart(4, '0')).join(':')
}
