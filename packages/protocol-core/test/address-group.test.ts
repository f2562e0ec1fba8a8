import { addressGroup } from '@hearsay/protocol-core'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'

it.each([
  ['/ip4/192.0.2.77/tcp/4001', '192.0.2.0/24'],
  ['/ip4/192.0.2.1/tcp/4001/ws', '192.0.2.0/24'],
  ['/ip6/2001:db8:1:2345::1/tcp/4001', '2001:0db8:0001:2300::/56'],
  ['/ip6/2001:db8:1:23ff:ffff::/tcp/4001', '2001:0db8:0001:2300::/56'],
  ['/ip6/::1/tcp/4001', '0000:0000:0000:0000::/56'],
  ['/ip6/::ffff:192.0.2.9/tcp/4001', '192.0.2.0/24'],
  ['/memory/7', '/memory/7']
])('%s is in %s', (address, group) => {
  expect(addressGroup(multiaddr(address))).toBe(group)
})
