/**
 * What a peer of another implementation must not take, from a libp2p host that is no gossip peer of anybody.
 *
 * @see docs/specs/gossip.md#the-gate
 */
import { createHash } from 'node:crypto'
import { Stranger } from '../three-nodes/stranger.ts'
import { expect } from './expect.ts'
import { DATA_TYPE, FEW_BITS, Scene } from './scene.ts'
import type { Visit } from '../three-nodes/stranger.ts'
import type { Context } from './gossip.ts'

/** Frames of a dialect, as far as the gate needs them */
interface Frames {
  challengeType: number
  proofType: number
  /** What says yes, and what says no if anything does */
  verdicts: { yes: string; no: string }
  announce: Buffer
}

const HEADER_BYTES = 4
const NONCE_BYTES = 8
const CHALLENGE_BYTES = 12

const FRAMES: Readonly<Record<string, Frames>> = {
  '/hearsay/gossip/1.0.0': {
    challengeType: 508,
    proofType: 509,
    verdicts: { yes: '000801fe00000001', no: '000801fe00000000' },
    announce: Buffer.from(`001101f8${'ab'.repeat(8)}0000${u16(DATA_TYPE)}78`, 'hex')
  },
  '/hearsay/gossip-p2p/1.0.0': {
    challengeType: 504,
    proofType: 505,
    verdicts: { yes: '000401fa', no: '' },
    announce: Buffer.from(`000d01fbabab${u16(DATA_TYPE)}0000000078`, 'hex')
  }
}

/** Its gate: each visitor is a stranger of its own, since a bad one may be refused later */
export async function refuses(context: Context): Promise<void> {
  const scene = await Scene.create(context)
  await scene.startPeer([])
  const frames = FRAMES[context.protocol]!
  const visitor = new Visitor(scene.peerAddress, context, frames)
  await visitor.hasFreshChallenges()
  await visitor.isCutOff('an announce before the proof', (visit) => visit.send(frames.announce))
  await visitor.isCutOff('an unknown type', (visit) => visit.send(Buffer.from('000401f3', 'hex')))
  await visitor.isCutOff('a size of 3', (visit) => visit.send(Buffer.from('000301', 'hex')))
  const wrong = await visitor.isCutOff('a wrong proof', (visit) => visit.send(proof(visit, frames, false)))
  expect('the answer to a wrong proof', wrong, frames.verdicts.no)
  const right = await visitor.isCutOff('an unknown type after the proof', async (visit) => {
    visit.send(proof(visit, frames, true))
    await visit.received(CHALLENGE_BYTES + frames.verdicts.yes.length / 2)
    visit.send(Buffer.from('000401f3', 'hex'))
  })
  expect('the answer to a right proof', right, frames.verdicts.yes)
  expect('what the peer heard', (await scene.report())['heard'], [])
}

class Visitor {
  private readonly address: string
  private readonly context: Context
  private readonly frames: Frames

  constructor(address: string, context: Context, frames: Frames) {
    this.address = address
    this.context = context
    this.frames = frames
  }

  async hasFreshChallenges(): Promise<void> {
    const seen = [await this.visit(async () => {}), await this.visit(async () => {})]
    expect('challenges that differ', new Set(seen.map((bytes) => bytes.toString('hex'))).size, 2)
  }

  /** @returns what came after the challenge, hexadecimal */
  async isCutOff(what: string, act: (visit: Visit) => void | Promise<void>): Promise<string> {
    this.context.bench.note(`a stranger sends ${what}`)
    const bytes = await this.visit(async (visit) => {
      await act(visit)
      await visit.cutOff()
    })
    return bytes.subarray(CHALLENGE_BYTES).toString('hex')
  }

  /** @returns all that came */
  private async visit(act: (visit: Visit) => Promise<void>): Promise<Buffer> {
    const stranger = await Stranger.create(this.context.bench.signal)

    try {
      const visit = await stranger.visit(this.address, this.context.protocol)
      await visit.challenged(this.frames.challengeType)
      await act(visit)
      return visit.bytes
    } finally {
      await stranger.stop()
    }
  }
}

/** PROOF: size 12, type, the first nonce that proves the visit's challenge, or does not */
function proof(visit: Visit, { proofType }: Frames, right: boolean): Buffer {
  const challenge = visit.bytes.subarray(HEADER_BYTES, CHALLENGE_BYTES)
  const nonce = Buffer.alloc(NONCE_BYTES)

  while (proves(challenge, nonce) !== right) {
    nonce.writeUInt32BE(nonce.readUInt32BE(4) + 1, 4)
  }

  return Buffer.concat([Buffer.from(`000c${u16(proofType)}`, 'hex'), nonce])
}

function proves(challenge: Buffer, nonce: Buffer): boolean {
  const sum = createHash('sha256').update(challenge).update(nonce).digest()
  return sum.readUInt32BE(0) >>> (32 - FEW_BITS) === 0
}

function u16(value: number): string {
  return value.toString(16).padStart(4, '0')
}
