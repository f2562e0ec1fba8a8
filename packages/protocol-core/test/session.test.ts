import { sessionEnd, sessionPair } from '@hearsay/protocol-core/testing'
import { streamPair } from '@libp2p/utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectedStreams } from './hosts.ts'
import type { StreamPair } from './hosts.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Within what a busy machine needs */
const eventually = async <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, 30_000)

const payload = (bytes: number, first = 0): Uint8Array => {
  const made = new Uint8Array(bytes)
  made[0] = first & 0xff
  made[1] = first >> 8
  return made
}
const number = (received: Uint8Array): number => received[0]! + received[1]! * 256
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

let pair: StreamPair | undefined
const realStreams = async (): Promise<StreamPair> => (pair = await connectedStreams())

afterEach(async () => {
  await pair?.stop()
  pair = undefined
})

describe('a session', () => {
  it('carries frames both ways', async () => {
    const [a, b] = await sessionPair()
    a.session.send(payload(3, 1))
    b.session.send(payload(70, 2))
    a.session.flush()
    b.session.flush()
    await eventually(() => expect([...a.received, ...b.received].map(number)).toEqual([2, 1]))
  })

  it('sends all that was queued in one send, urgent frames first', async () => {
    const [a, b] = await sessionPair()
    const send = vi.spyOn(a.stream, 'send')
    range(64).forEach((i) => a.session.send(payload(100, i)))
    a.session.send(payload(100, 999), true)
    a.session.flush()
    expect(send).toHaveBeenCalledTimes(1)
    await eventually(() => expect(b.received.map(number)).toEqual([999, ...range(64)]))
  })

  it('sends what the frames of one flush are packed into, in order', async () => {
    const prefixed = (frames: readonly Uint8Array[]): Uint8Array =>
      Uint8Array.from(frames.flatMap((frame) => [0, 2 + frame.byteLength, ...frame]))
    const [a, b] = await sessionPair({
      // the first takes its time, and the second does not overtake it
      pack: (frames) => (frames.length === 2 ? Promise.resolve(prefixed(frames)) : prefixed(frames))
    })
    const send = vi.spyOn(a.stream, 'send')
    ;[1, 2].forEach((i) => a.session.send(payload(3, i)))
    a.session.flush()
    ;[3, 4, 5].forEach((i) => a.session.send(payload(3, i)))
    a.session.flush()
    expect(send).not.toHaveBeenCalled()
    await eventually(() => expect(b.received.map(number)).toEqual([1, 2, 3, 4, 5]))
    expect(send).toHaveBeenCalledTimes(2)
  })

  it('forgets what was being packed when it ends', async () => {
    const packed = Promise.withResolvers<Uint8Array>()
    const [a] = await sessionPair({ pack: () => packed.promise })
    const send = vi.spyOn(a.stream, 'send')
    a.session.send(payload(3))
    a.session.flush()
    a.session.abort(new Error('test'))
    packed.resolve(payload(3))
    await a.ended
    expect(send).not.toHaveBeenCalled()
  })

  it('reports bytes that are no frame once, and reads nothing after them', async () => {
    const [outbound, inbound] = await streamPair()
    const { malformed, received, session } = sessionEnd(inbound, { maxFrameBytes: 10 })
    outbound.send(Uint8Array.of(0, 3, 7, 0, 255, 0, 3, 8))
    outbound.send(Uint8Array.of(0, 3, 9))
    await eventually(() => expect(malformed).toHaveLength(1))
    expect(malformed[0]!.name).toBe('FrameTooLargeError')
    await session.close()
    expect(malformed).toHaveLength(1)
    expect(received).toEqual([Uint8Array.of(7)])
  })

  it('drops data for a peer that does not read, beyond what it may queue', async () => {
    const { outbound, inbound } = await realStreams()
    inbound.pause()
    const { session } = sessionEnd(outbound, { maxQueuedBytes: 100_000 })
    const taken = range(2_000).filter((i) => {
      const accepted = session.send(payload(1_000, i))
      session.flush()
      return accepted
    })
    // the remote's window of 256 KiB, what the stream was handed last, and what waits here
    expect(taken.length).toBeLessThan(256 + 100 + 100 + 10)
    expect(outbound.writeBufferLength).toBeLessThanOrEqual(100_000)
  })

  it('ends rather than drop an urgent frame', async () => {
    const { outbound, inbound } = await realStreams()
    inbound.pause()
    const { session, ended } = sessionEnd(outbound, { maxQueuedBytes: 100_000 })
    range(2_000).forEach((i) => session.send(payload(1_000, i)) && session.flush())
    expect(session.send(payload(1_000), true)).toBe(false)
    expect(await ended).toMatchObject({ name: 'SlowPeerError' })
    expect(session.send(payload(1))).toBe(false)
  })

  it('flushes and says goodbye on close, also when the remote stalls', async () => {
    const { outbound, inbound } = await realStreams()
    const [a, b] = [sessionEnd(outbound, { closeTimeout: 200 }), sessionEnd(inbound, {})]
    a.session.send(payload(5, 5), true)
    const closed = a.session.close()
    await Promise.all([closed, b.ended])
    expect(b.received.map(number)).toEqual([5])
    expect([outbound.status, inbound.status]).toEqual(['closed', 'closed'])
  })

  it('resets the stream when the remote does not close in time', async () => {
    const { outbound, inbound } = await realStreams()
    const { session, ended } = sessionEnd(outbound, { closeTimeout: 100 })
    const start = performance.now()
    await session.close()
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(await ended).toBeUndefined()
    expect(outbound.status).toBe('aborted')
    await eventually(() => expect(inbound.status).toBe('reset'))
  })

  it('ends when the remote resets the stream', async () => {
    const { outbound, inbound } = await realStreams()
    const { ended } = sessionEnd(outbound, {})
    inbound.abort(new Error('test'))
    expect(await ended).toMatchObject({ name: 'StreamResetError' })
  })
})

describe('traps of the stream interface', () => {
  it('B1: waits for every drain, not only the first, and loses nothing', async () => {
    const { outbound, inbound } = await realStreams()
    const received: number[] = []
    sessionEnd(inbound, { onFrame: (frame) => received.push(number(frame)) })
    const { session } = sessionEnd(outbound, { maxQueuedBytes: 64 * 2 ** 20 })
    let mostBuffered = 0

    // 600 frames of 60 KB are over a hundred windows
    for (const i of range(600)) {
      expect(session.send(payload(60_000, i))).toBe(true)
      session.flush()
      mostBuffered = Math.max(mostBuffered, outbound.writeBufferLength)
    }

    await eventually(() => expect(received).toHaveLength(600))
    expect(received).toEqual(range(600))
    // the stream got the next batch only once it was rid of the last one
    expect(mostBuffered).toBeLessThan(64 * 2 ** 20)
  })

  it('B2: hears a remote that spoke and closed before there was a session', async () => {
    const { outbound, inbound } = await realStreams()
    outbound.send(Uint8Array.of(0, 3, 42))
    await outbound.close()
    await eventually(() => expect(inbound.remoteWriteStatus).toBe('closed'))
    const { received, ended } = sessionEnd(inbound, {})
    expect(await ended).toBeUndefined()
    expect(received).toEqual([Uint8Array.of(42)])
    await eventually(() => expect(inbound.status).toBe('closed'))
  })

  it('B2: and one that closed without a word', async () => {
    const { outbound, inbound } = await realStreams()
    await outbound.close()
    await eventually(() => expect(inbound.remoteWriteStatus).toBe('closed'))
    expect(await sessionEnd(inbound, {}).ended).toBeUndefined()
    await eventually(() => expect([inbound.status, outbound.status]).toEqual(['closed', 'closed']))
  })

  it('B3, B4, B5: a slow application slows the remote, and the stream lives on', async () => {
    const { outbound, inbound } = await realStreams()
    let handled = 0
    const receiver = sessionEnd(inbound, {
      maxOpenAsks: 16,
      onFrame: () => {
        receiver.session.asked()
        setTimeout(() => {
          handled++
          receiver.session.answered()
        }, 1)
      }
    })
    const { session } = sessionEnd(outbound, { maxQueuedBytes: 512 * 2 ** 20 })
    const total = 3_000
    range(total).forEach((i) => session.send(payload(16_000, i)))
    session.flush()
    await eventually(() => expect(inbound.readStatus).toBe('paused'))
    await eventually(() => expect(handled).toBe(total))
    expect(inbound.status).toBe('open')
  }, 40_000)

  it('B6: a pause from within what resuming delivers holds', async () => {
    const { outbound, inbound } = await realStreams()
    let open = 0
    const receiver = sessionEnd(inbound, {
      maxOpenAsks: 4,
      onFrame: () => {
        open++
        receiver.session.asked()
      }
    })
    const { session } = sessionEnd(outbound, { maxQueuedBytes: 64 * 2 ** 20 })
    range(40_000).forEach((i) => session.send(payload(1_000, i)))
    session.flush()
    // paused with many frames in its buffer …
    await eventually(() => expect(inbound.readStatus).toBe('paused'))
    await eventually(() => expect(inbound.readBufferLength).toBeGreaterThan(100_000))
    const before = open

    // … which all arrive at once, each one more ask, on the answer with which reading goes on
    for (; open > 2; open--) {
      receiver.session.answered()
    }

    await eventually(() => expect(open).toBeGreaterThan(50))
    expect(before).toBeGreaterThanOrEqual(4)
    await eventually(() => expect(inbound.readStatus).toBe('paused'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    // 40 MB were offered; no more than the window of a paused stream came in
    expect(inbound.readBufferLength).toBeLessThan(2 * 2 ** 20)
    expect(inbound.status).toBe('open')
  }, 20_000)
})
