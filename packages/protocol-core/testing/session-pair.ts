import { Session } from '@hearsay/protocol-core'
import { streamPair } from '@libp2p/utils'
import type { SessionInit } from '@hearsay/protocol-core'
import type { Stream } from '@libp2p/interface'
import { fixedPrefix } from '@hearsay/protocol-core/pure'

export interface SessionEnd {
  session: Session
  stream: Stream
  /** Payloads received, copied */
  received: Uint8Array[]
  /** Errors of frames that were none */
  malformed: Error[]
  /** Settles when the session is over, with its error if there was one */
  ended: Promise<Error | undefined>
}

/**
 * Two sessions over one pair of streams.
 *
 * @param init - overrides for both ends; by default frames of at most 64 KiB behind a u16 of their whole length
 */
export async function sessionPair(init: Partial<SessionInit> = {}): Promise<[SessionEnd, SessionEnd]> {
  const [outbound, inbound] = await streamPair()
  return [sessionEnd(outbound, init), sessionEnd(inbound, init)]
}

/** One session over a stream, with what it reports recorded */
export function sessionEnd(stream: Stream, init: Partial<SessionInit>): SessionEnd {
  const received: Uint8Array[] = []
  const malformed: Error[] = []
  const ended = Promise.withResolvers<Error | undefined>()
  const session = new Session(stream, {
    prefix: fixedPrefix(2, { inclusive: true }),
    maxFrameBytes: 65_533,
    maxQueuedBytes: 2 ** 20,
    maxOpenAsks: 256,
    closeTimeout: 500,
    onFrame: (payload) => received.push(payload.slice()),
    onMalformed: (err) => malformed.push(err),
    onEnd: (err) => ended.resolve(err),
    ...init
  })

  return { session, stream, received, malformed, ended: ended.promise }
}
