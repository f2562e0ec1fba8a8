import { varintPrefix } from '@hearsay/protocol-core/pure'
import { sessionEnd } from '@hearsay/protocol-core/testing'
import { PROTOCOL } from '@hearsay/protocol-cup2py'
import { decode, encode } from '@hearsay/protocol-cup2py/codec'
import type { Message } from '@hearsay/protocol-cup2py/codec'
import type { Stream } from '@libp2p/interface'
import type { Cup2pyHost, Hosts } from './hosts.ts'

export interface Stranger {
  stream: Stream
  said: Message[]
  ended: Promise<unknown>
  say(...messages: Message[]): void
}

/** A bare stream to the host, with what it says */
export async function strangerTo(host: Cup2pyHost, hosts: Hosts): Promise<Stranger> {
  const stranger = await hosts.create({}, { services: {} as never })
  const connection = await stranger.dial(host.getMultiaddrs())
  const said: Message[] = []
  const { session, stream, ended } = sessionEnd(await connection.newStream(PROTOCOL), {
    prefix: varintPrefix,
    maxFrameBytes: 65_536,
    maxQueuedBytes: 2 ** 24,
    onFrame: (frame) => said.push(decode(frame))
  })
  return {
    stream,
    said,
    ended,
    say: (...messages) => {
      messages.forEach((message) => session.send(encode(message)))
      session.flush()
    }
  }
}
