import { beforeEach, describe, expect, it } from 'vitest'
import { peer, ShoutScript, subnetOf } from './script.ts'
import type { Direction } from '@hearsay/protocol-core/pure'
import type { ShoutEffect } from '@hearsay/protocol-shout/engine'

let script: ShoutScript
beforeEach(() => {
  script = new ShoutScript({ limit: 2, autoDial: false })
})

type Dial = Extract<ShoutEffect, { type: 'dial' }>

const dials = (effects: ShoutEffect[]): Dial[] => effects.filter((effect): effect is Dial => effect.type === 'dial')
const dialled = (effects: ShoutEffect[]): unknown[] => dials(effects).map((effect) => effect.peer)

function found(name: string, direction: Direction = 'outbound'): ShoutEffect[] {
  return script.input({ type: 'found', peer: peer(name), direction })
}

/** The stream that was asked for is not to be had */
function fail([dial]: Dial[]): ShoutEffect[] {
  return script.input({ type: 'dialled', dial: dial!.dial })
}

describe('a connected peer that speaks the protocol', () => {
  it('is sent a stream over the connection there is', () => {
    expect(dials(found('a'))).toMatchObject([{ peer: peer('a'), addresses: [], connected: true }])
  })

  it('is tried again when there was no stream to be had, a few times, and forgotten', () => {
    let tries = 0

    for (let effects = found('a'); dials(effects).length > 0; effects = script.advance(60_000)) {
      tries++
      fail(dials(effects))
    }

    expect(tries).toBe(7)
  })

  it('is tried again when the stream was lost', () => {
    found('a')
    script.bind('a', 'outbound')
    script.disconnected('a')
    expect(dialled(script.advance(999))).toEqual([])
    expect(dialled(script.advance(1))).toEqual([peer('a')])
  })

  it('is tried again after 1 s, and twice that with each failure', () => {
    const waits: number[] = []
    let effects = found('a')

    while (waits.length < 6) {
      fail(dials(effects))
      let wait = 0

      do {
        wait++
        effects = script.advance(1_000)
      } while (dials(effects).length === 0)

      waits.push(wait)
    }

    expect(waits).toEqual([1, 2, 4, 8, 16, 32])
  })

  it('starts anew with these waits after a stream that lasted for a minute', () => {
    let effects = found('a')

    for (let i = 0; i < 10; i++) {
      expect(dialled(effects)).toEqual([peer('a')])
      script.bind('a', 'outbound')
      script.input({ type: 'dialled', dial: dials(effects)[0]!.dial, peer: peer('a') })
      script.advance(60_000)
      script.disconnected('a')
      effects = script.advance(1_000)
    }
  })

  it('is let be when it is of another subnet', () => {
    found('a')
    script.connected('a', 'outbound')
    script.says('a', subnetOf('a', 'another', 2))
    script.disconnected('a')
    expect(dialled(script.advance(600_000))).toEqual([])
  })

  it('opens its own stream first when it made the connection', () => {
    expect(dialled(found('a', 'inbound'))).toEqual([])
    expect(dialled(found('b', 'inbound'))).toEqual([])
    script.bind('a')
    expect(dialled(script.advance(30_000))).toEqual([peer('b')])
  })

  it('has room while the dial of another, connected already, has not ended', () => {
    found('a')
    script.connected('a', 'outbound')
    expect(dialled(found('b'))).toEqual([peer('b')])
  })

  it('waits until there is room', () => {
    script.bind('a', 'outbound')
    script.bind('b', 'outbound')
    expect(dialled(found('c'))).toEqual([])
    script.disconnected('a')
    expect(dialled(script.advance(59_999))).toEqual([])
    expect(dialled(script.advance(1))).toEqual([peer('c')])
  })
})
