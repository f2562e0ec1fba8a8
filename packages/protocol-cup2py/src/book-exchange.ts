/**
 * A sample of a peer's address book, for those whose own is empty. The dialler sends nothing; the answer is at most 64
 * UPDATEs of depth 0, and the end of the stream.
 *
 * @see docs/specs/cup2py.md#bootstrap
 */
import { DecodeError, FrameSplitter, varintPrefix } from '@hearsay/protocol-core/pure'
import { BOOK_PROTOCOL, MAX_FRAME_BYTES, MAX_SAMPLE, SAMPLE_TIME } from './constants.ts'
import { decode, encode } from './codec.ts'
import type { AbortOptions, Connection, Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { UserRecord } from './record.ts'

/** As much as a sample has room for, each as a frame */
export function encodeSample(records: readonly UserRecord[]): Uint8Array {
  const frames = records.slice(0, MAX_SAMPLE).map((record) => encode({ type: 'update', record, depth: 0, checked: [] }))
  const total = frames.reduce((sum, { byteLength }) => sum + varintPrefix.width(byteLength) + byteLength, 0)
  const batch = new Uint8Array(total)
  let at = 0

  for (const frame of frames) {
    varintPrefix.write(batch, at, frame.byteLength)
    at += varintPrefix.width(frame.byteLength)
    batch.set(frame, at)
    at += frame.byteLength
  }

  return batch
}

/** Says goodbye; a peer that does not read what was sent in time is reset */
export async function finish(stream: Stream, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(SAMPLE_TIME)])

  try {
    await stream.close({ signal: deadline })
    await ended(stream, deadline)
  } catch (err) {
    stream.abort(err as Error)
  }
}

/**
 * @returns the records as they came, not verified
 * @throws {DecodeError} when it sends anything else
 */
export async function fetchSample(connection: Connection, { signal }: AbortOptions = {}): Promise<UserRecord[]> {
  const deadline = AbortSignal.any([...(signal === undefined ? [] : [signal]), AbortSignal.timeout(SAMPLE_TIME)])
  const stream = await connection.newStream(BOOK_PROTOCOL, { signal: deadline })
  const records: UserRecord[] = []
  const splitter = new FrameSplitter(varintPrefix, MAX_FRAME_BYTES)
  let problem: Error | undefined

  stream.addEventListener('message', ({ data }) => {
    try {
      parts(data).forEach((part) => splitter.push(part, (frame) => take(frame, records)))
    } catch (err) {
      problem ??= err as Error
      stream.abort(problem)
    }
  })

  try {
    await ended(stream, deadline)
    await stream.close({ signal: deadline })
  } catch (err) {
    stream.abort(err as Error)
    throw problem ?? err
  }

  // a reset ends the reading too
  if (problem !== undefined || stream.status === 'reset') {
    throw problem ?? new Error('the peer gives no sample now: ask again later, or another one')
  }

  return records
}

function take(frame: Uint8Array, records: UserRecord[]): boolean {
  const message = decode(frame)

  if (message.type !== 'update' || message.depth !== 0 || records.length === MAX_SAMPLE) {
    throw new DecodeError(`a sample is at most ${MAX_SAMPLE} UPDATEs of depth 0`)
  }

  records.push(message.record)
  return true
}

function parts(data: Uint8Array | Uint8ArrayList): Uint8Array[] {
  return data instanceof Uint8Array ? [data] : [...data]
}

/** Until the remote closed its side; a stream that is reset, or does not end in time, is an error */
async function ended(stream: Stream, signal: AbortSignal): Promise<void> {
  if (stream.readableEnded) {
    return
  }

  await new Promise<void>((resolve, reject) => {
    const fail = (): void => reject(signal.reason as Error)
    const done = (err?: Error): void => {
      signal.removeEventListener('abort', fail)

      if (err === undefined) {
        resolve()
      } else {
        reject(err)
      }
    }

    signal.addEventListener('abort', fail, { once: true })
    stream.addEventListener('end', () => done(), { once: true })
    stream.addEventListener('close', ({ error }) => done(error), { once: true })
  })
}
