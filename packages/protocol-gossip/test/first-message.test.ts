import { afterEach, expect, it, vi } from 'vitest'
import { addressOf, createHost, Hosts } from './hosts.ts'

const hosts = new Hosts()
afterEach(async () => hosts.stop())

const ROUNDS = 100
const AT_ONCE = 5

it('the first announce after the start, made before there was any peer, arrives 100 times of 100', async () => {
  const receiver = await hosts.create()
  const heard: number[] = []
  receiver.services.gossip.subscribe(7, () => true)
  receiver.services.gossip.addEventListener('message', ({ detail }) => heard.push(detail.data[0]!))

  for (let round = 0; round < ROUNDS; round += AT_ONCE) {
    const senders = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => createHost({ knownPeers: [addressOf(receiver)] }))
    )

    const results = senders.map((sender, i) => sender.services.gossip.announce(7, Uint8Array.of(round + i)))
    expect(results.every(({ sentTo, queued }) => sentTo === 0 && queued)).toBe(true)
    await vi.waitFor(() => expect(heard).toHaveLength(round + AT_ONCE), 10_000)
    await Promise.all(senders.map(async (sender) => sender.stop()))
  }

  expect(heard.toSorted((a, b) => a - b)).toEqual(Array.from({ length: ROUNDS }, (_, i) => i))
}, 60_000)
