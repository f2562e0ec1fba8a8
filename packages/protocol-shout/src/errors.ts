/** There is no node closer to the receiver that could pass the whisper on, or the receiver is unknown. */
export class NoRouteError extends Error {
  static override readonly name = 'NoRouteError'
  override readonly name = 'NoRouteError'

  constructor(message = 'no route to the receiver: connect to more peers, or wait until it announces itself') {
    super(message)
  }
}

/** Nobody acknowledged the whisper in time. It may have arrived. */
export class WhisperTimeoutError extends Error {
  static override readonly name = 'WhisperTimeoutError'
  override readonly name = 'WhisperTimeoutError'

  constructor() {
    super('the receiver did not acknowledge in time: it may be gone, or the acknowledgement was lost')
  }
}

/** Too much is under way already: wait for some of it. */
export class BusyError extends Error {
  static override readonly name = 'BusyError'
  override readonly name = 'BusyError'

  constructor() {
    super('too many messages wait for their signature: await earlier calls before making more')
  }
}

/** Not enough of the nodes asked to keep a value did. */
export class NotStoredError extends Error {
  static override readonly name = 'NotStoredError'
  override readonly name = 'NotStoredError'
  /** Of the refusal that counts: `version`, `locked`, `not open`, …; undefined when nobody answered */
  readonly reason: string | undefined
  /** The version that stands in the way */
  readonly version: number | undefined

  constructor(accepted: number, asked: number, reason?: string, version?: number) {
    super(
      reason === undefined
        ? `${accepted} of ${asked} nodes keep the value: connect to more peers and try again`
        : `refused: ${reason}${version === undefined ? '' : `; version ${version} is stored`}`
    )
    this.reason = reason
    this.version = version
  }
}

/** The peer refused, or did not answer in time. */
export class NoAnswerError extends Error {
  static override readonly name = 'NoAnswerError'
  override readonly name = 'NoAnswerError'
}
