import { FrameSplitter } from './framing.ts'
import { SlowPeerError } from './errors.ts'
import type { Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { LengthPrefix } from './framing.ts'
import type { Millis } from './engine.ts'

/** yamux grows its receive window to 16 MiB by default; a paused stream aborts when less than that fits its buffer */
const MAX_READ_BUFFER_BYTES = 17 * 2 ** 20

export interface SessionInit {
  prefix: LengthPrefix
  /** Longest payload taken from the remote */
  maxFrameBytes: number
  /**
   * Makes of the frames of one flush what is sent; else each goes behind its prefix. While a promise is waited for,
   * frames queue. Must not reject
   */
  pack?: ((frames: readonly Uint8Array[]) => Uint8Array | Promise<Uint8Array>) | undefined
  /** Bytes queued for the remote, beyond those its stream has taken */
  maxQueuedBytes: number
  /** Reading pauses at this many open asks, and goes on at half of it */
  maxOpenAsks: number
  /** How long a graceful close may take before the stream is reset, in ms */
  closeTimeout: Millis
  /** A payload arrived, a view of the chunk it came in. An error thrown here counts as malformed. */
  onFrame(payload: Uint8Array): void
  /** The remote's bytes are no frames. Called once; nothing more is read. */
  onMalformed(err: Error): void
  /** The session is over, for whatever reason. Called once. */
  onEnd(err?: Error): void
}

/** The frames of one peer over one stream, bounded both ways. */
export class Session {
  private readonly stream: Stream
  private readonly init: SessionInit
  private readonly splitter: FrameSplitter
  /** Frames that must not be dropped; they leave first. BOUNDED, with `data`, by maxQueuedBytes */
  private urgent: Uint8Array[] = []
  private data: Uint8Array[] = []
  private queuedBytes = 0
  private openAsks = 0
  private open = true
  private malformed = false
  private packing = false
  private readonly closed = Promise.withResolvers<void>()

  constructor(stream: Stream, init: SessionInit) {
    this.stream = stream
    this.init = init
    this.splitter = new FrameSplitter(init.prefix, init.maxFrameBytes)
    stream.maxReadBufferLength = MAX_READ_BUFFER_BYTES
    // events, not `for await`: iterating a stream buffers without limit, and hangs when the remote closed already
    stream.addEventListener('message', (event) => this.receive(event.data))
    stream.addEventListener('end', () => this.onReadEnd())
    stream.addEventListener('close', (event) => this.onClosed(event.error))
    // an event, not onDrain(): its promise resolves once and stays resolved. And in a microtask, as the stream is still
    // inside its own send when it fires
    stream.addEventListener('idle', () => queueMicrotask(() => this.flush()))

    // a remote that closed before we got here fired its `end` unheard
    if (stream.readableEnded) {
      queueMicrotask(() => void this.close())
    }
  }

  /**
   * Queue a frame for the next flush.
   *
   * @param urgent - it leaves before data, and ends the session rather than be dropped
   * @returns whether the frame was taken
   */
  send(payload: Uint8Array, urgent = false): boolean {
    if (!this.open) {
      return false
    }

    const bytes = payload.byteLength + this.init.prefix.width(payload.byteLength)

    if (this.queuedBytes + bytes > this.init.maxQueuedBytes) {
      this.flush()
    }

    if (this.queuedBytes + bytes > this.init.maxQueuedBytes) {
      if (urgent) {
        this.abort(new SlowPeerError(this.queuedBytes))
      }

      return false
    }

    this.queuedBytes += bytes
    ;(urgent ? this.urgent : this.data).push(payload)
    return true
  }

  /** Hand all queued frames to the stream in one send, if it has passed on what it took before */
  flush(): void {
    const { stream } = this

    const ready = stream.writeStatus === 'writable' && stream.writeBufferLength === 0

    if (ready && this.queuedBytes > 0 && !this.packing) {
      const batch = this.takeBatch()

      if (batch instanceof Promise) {
        this.packing = true
        void batch.then((packed) => this.onPacked(packed))
      } else {
        this.write(batch)
      }
    }
  }

  /** One more answer to this peer's messages is awaited */
  asked(): void {
    this.openAsks++

    if (this.openAsks === this.init.maxOpenAsks) {
      this.scheduleFlow()
    }
  }

  /** One less */
  answered(): void {
    this.openAsks--

    if (this.openAsks === this.init.maxOpenAsks >> 1) {
      this.scheduleFlow()
    }
  }

  /** Send what is queued, close gracefully, and reset the stream if that takes over `closeTimeout` */
  async close(): Promise<void> {
    if (this.open) {
      this.flush()
      this.end()
      const timer = setTimeout(
        () => this.stream.abort(new Error('the remote did not close in time')),
        this.init.closeTimeout
      )
      void this.closed.promise.finally(() => clearTimeout(timer))
      // both reject only because the stream was closed by other means meanwhile
      await Promise.allSettled([this.stream.closeRead(), this.stream.close()])
    }

    return this.closed.promise
  }

  /** Reset the stream and drop what is queued */
  abort(err: Error): void {
    this.end(err)
    this.stream.abort(err)
  }

  private receive(chunk: Uint8Array | Uint8ArrayList): void {
    try {
      for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
        if (this.malformed || !this.open) {
          return
        }

        this.splitter.push(part, this.onFrame)
      }
    } catch (err) {
      this.malformed = true
      this.init.onMalformed(err as Error)
    }
  }

  private readonly onFrame = (payload: Uint8Array): boolean => {
    this.init.onFrame(payload)
    return this.open
  }

  private onPacked(batch: Uint8Array): void {
    this.packing = false

    if (this.open) {
      this.write(batch)
      this.flush()
    }
  }

  private write(batch: Uint8Array): void {
    try {
      this.stream.send(batch)
    } catch (err) {
      this.abort(err as Error)
    }
  }

  private takeBatch(): Uint8Array | Promise<Uint8Array> {
    const { prefix, pack } = this.init

    if (pack !== undefined) {
      const frames = [...this.urgent, ...this.data]
      this.dropQueued()
      return pack(frames)
    }

    const batch = new Uint8Array(this.queuedBytes)
    let at = 0

    for (const queue of [this.urgent, this.data]) {
      for (const payload of queue) {
        prefix.write(batch, at, payload.byteLength)
        at += prefix.width(payload.byteLength)
        batch.set(payload, at)
        at += payload.byteLength
      }
    }

    this.dropQueued()
    return batch
  }

  /** In a microtask: a `pause()` from within a `message` that `resume()` dispatched would be undone */
  private scheduleFlow(): void {
    queueMicrotask(() => {
      const { stream, openAsks, init } = this

      if (openAsks >= init.maxOpenAsks && stream.readStatus === 'readable') {
        stream.pause()
      } else if (openAsks <= init.maxOpenAsks >> 1 && stream.readStatus === 'paused') {
        stream.resume()
      }
    })
  }

  /** The remote closed its side, and so do we: a stream is freed once both did. After a reset, `close` follows */
  private onReadEnd(): void {
    if (this.stream.status === 'open') {
      void this.close()
    }
  }

  private onClosed(err?: Error): void {
    this.closed.resolve()
    this.end(err)
  }

  private end(err?: Error): void {
    if (this.open) {
      this.open = false
      this.dropQueued()
      this.init.onEnd(err)
    }
  }

  private dropQueued(): void {
    this.urgent = []
    this.data = []
    this.queuedBytes = 0
  }
}
