import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { dialableAddress, listeningPort } from '../src/addresses.ts'
import type { Connection } from '@libp2p/interface'

const PEER = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
const OTHER = '12D3KooWRm8J3iL796zPFi2EtGGtUJn58AG67gcqzMFHZnnsTzqD'

/** A connection, and what its peer told us of itself */
function offered(direction: 'inbound' | 'outbound', remote: string, ...told: string[]): string | undefined {
  const connection = { direction, remoteAddr: multiaddr(remote), remotePeer: peerIdFromString(PEER) } as Connection
  return dialableAddress(
    connection,
    told.map((each) => multiaddr(each))
  )
}

describe('where others can dial a peer', () => {
  it('is where we dialled it', () => {
    expect(offered('outbound', '/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/2')).toBe(`/ip4/192.0.2.1/tcp/1/p2p/${PEER}`)
    expect(offered('outbound', `/ip4/192.0.2.1/tcp/1/p2p/${PEER}`)).toBe(`/ip4/192.0.2.1/tcp/1/p2p/${PEER}`)
  })

  it('is what it told us, on the host it came from if it can be', () => {
    const from = '/ip4/192.0.2.1/tcp/40000'
    expect(offered('inbound', from, '/ip4/127.0.0.1/tcp/1', '/ip4/192.0.2.9/tcp/2', '/ip4/192.0.2.1/tcp/3')).toBe(
      `/ip4/192.0.2.1/tcp/3/p2p/${PEER}`
    )
    expect(offered('inbound', from, '/ip4/127.0.0.1/tcp/1', '/ip4/192.0.2.9/tcp/2')).toBe(
      `/ip4/192.0.2.9/tcp/2/p2p/${PEER}`
    )
    expect(offered('inbound', from, '/ip4/127.0.0.1/tcp/1')).toBe(`/ip4/127.0.0.1/tcp/1/p2p/${PEER}`)
    expect(offered('inbound', from)).toBeUndefined()
  })

  it('ends in its own peer id, whatever it told us', () => {
    const from = '/ip4/192.0.2.1/tcp/40000'
    expect(offered('inbound', from, `/ip4/192.0.2.1/tcp/3/p2p/${OTHER}`)).toBeUndefined()
    expect(offered('inbound', from, `/ip4/192.0.2.1/tcp/3/p2p/${OTHER}`, '/ip4/192.0.2.1/tcp/4')).toBe(
      `/ip4/192.0.2.1/tcp/4/p2p/${PEER}`
    )
  })

  it('may be behind a relay', () => {
    const relayed = `/ip4/192.0.2.1/tcp/3/p2p/${OTHER}/p2p-circuit`
    expect(offered('inbound', relayed, relayed)).toBe(`${relayed}/p2p/${PEER}`)
    expect(offered('outbound', `${relayed}/p2p/${PEER}`)).toBe(`${relayed}/p2p/${PEER}`)
  })
})

it.each([
  [['/ip4/127.0.0.1/tcp/6001'], 6_001],
  [['/dns4/a.example/udp/1', '/ip6/::1/tcp/2/ws'], 2],
  [['/unix/a'], 0],
  [[], 0]
])('the port that %j listen on is %i', (addresses, port) => {
  expect(listeningPort(addresses.map((each) => multiaddr(each)))).toBe(port)
})
