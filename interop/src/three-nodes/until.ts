import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  /** In ms. @default 60_000, as long as a proof of 24 bits may take on a slow machine */
  within?: number
  signal: AbortSignal
}

/** In ms; what is waited for is seldom quicker than a hundredth of a second */
const POLL_INTERVAL = 10

/**
 * Wait until something is so.
 *
 * @param what - for the message: "waited 60 s for …"
 * @throws {Error} when it is not so in time
 * @throws the signal's reason, when it aborts
 */
export async function until(
  what: string,
  done: () => boolean,
  { within = 60_000, signal }: UntilOptions
): Promise<void> {
  const deadline = performance.now() + within

  while (!done()) {
    signal.throwIfAborted()

    if (performance.now() > deadline) {
      throw new Error(`waited ${within / 1_000} s for ${what}`)
    }

    await delay(POLL_INTERVAL)
  }
}
