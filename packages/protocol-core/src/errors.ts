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

/** An option is unknown, of the wrong type or out of range. */
export class InvalidParametersError extends Error {
  static override readonly name = 'InvalidParametersError'
  override readonly name = 'InvalidParametersError'
  /** The option's name */
  readonly parameter: string
  /** What is wrong with it, and what is allowed */
  readonly problem: string

  constructor(parameter: string, problem: string) {
    super(`${parameter} ${problem}`)
    this.parameter = parameter
    this.problem = problem
  }
}

/** A key is malformed, of a kind or size that is not allowed, or contradicts itself. The message quotes none of it. */
export class InvalidKeyError extends Error {
  static override readonly name = 'InvalidKeyError'
  override readonly name = 'InvalidKeyError'
}
