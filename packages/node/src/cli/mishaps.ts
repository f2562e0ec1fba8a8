import type { Log } from '../log.ts'

/** Where in the code it happened: the first line of a stack that names a place */
const PLACE = /^\s+at .*$/m

/**
 * What nobody foresaw ends the process, with one line in the log: what is in memory may be wrong by then, and a supervisor
 * starts it anew. What was told to be stored is.
 *
 * @param end - ends the process, with an exit code that is not 0
 */
export function onMishap(log: Log, end: () => void): void {
  let isEnding = false
  const tell = (err: unknown): void => {
    log.error(`stopping after an error that nobody foresaw: ${lineOf(err)}`)

    if (!isEnding) {
      isEnding = true
      end()
    }
  }
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}

function lineOf(err: unknown): string {
  if (!(err instanceof Error)) {
    return String(err).split('\n', 1)[0]!
  }

  const place = PLACE.exec(err.stack ?? '')?.[0].trim()
  const text = `${err.name}: ${err.message.replaceAll(/\s*\n\s*/g, ' ')}`
  return place === undefined ? text : `${text}, ${place}`
}
