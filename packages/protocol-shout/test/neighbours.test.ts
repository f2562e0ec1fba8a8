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
    expect(dialled(script.advance(60_000))).toEqual([peer('c')])
  })
})
