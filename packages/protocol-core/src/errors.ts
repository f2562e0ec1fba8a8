/** Bytes from outside that are not what the protocol says. The only error a codec throws. */
export class DecodeError extends Error {
  static override readonly name: string = 'DecodeError'
  override readonly name: string = 'DecodeError'
}

/** A frame announces more bytes than the protocol allows. */
export class FrameTooLargeError extends DecodeError {
  static override readonly name = 'FrameTooLargeError'
  override readonly name = 'FrameTooLargeError'
  readonly frameBytes: number
  readonly maxFrameBytes: number

  constructor(frameBytes: number, maxFrameBytes: number) {
    super(`frame of ${frameBytes} bytes, at most ${maxFrameBytes} are allowed`)
    this.frameBytes = frameBytes
    this.maxFrameBytes = maxFrameBytes
  }
}

/** A peer reads too slowly for a message that must not be dropped. */
export class SlowPeerError extends Error {
  static override readonly name = 'SlowPeerError'
  override readonly name = 'SlowPeerError'

  constructor(queuedBytes: number) {
    super(`peer too slow: ${queuedBytes} bytes wait for it, and a message that must not be dropped does not fit`)
  }
}

/** An option is of the wrong type or out of range. The message names the option and what is allowed. */
export class InvalidParametersError extends Error {
  static override readonly name = 'InvalidParametersError'
  override readonly name = 'InvalidParametersError'
}
