/** What a request could not be answered for, as `{ name, message }` with a status. */
import { ZodError } from 'zod'
import type { ErrorHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Log } from '../log.ts'

interface Problem {
  status: ContentfulStatusCode
  name: string
  message: string
}

/** Errors of ours and of the protocols that a client can do something about */
const STATUSES: Readonly<Record<string, ContentfulStatusCode>> = {
  InvalidParametersError: 400,
  UnauthorizedError: 401,
  ForbiddenError: 403,
  NotFoundError: 404,
  TooLargeError: 413,
  UnsupportedTypeError: 415,
  TooManyStreamsError: 429,
  // of cup2py
  UserNotFoundError: 404,
  InvalidRecordError: 400,
  AddressBookError: 503,
  // of shout
  NoRouteError: 404,
  NotStoredError: 409,
  WhisperTimeoutError: 504,
  NoAnswerError: 504,
  // of shout and the DHT
  BusyError: 503,
  NotStartedError: 503
}

/** An answer other than the one that was asked for. */
export class RequestError extends Error {
  override readonly name: keyof typeof STATUSES

  constructor(name: keyof typeof STATUSES, message: string) {
    super(message)
    this.name = name
  }
}

/**
 * Answers with the problem. A mistake of ours is for the log, and not for the client to read.
 *
 * @param api - its name, for the log
 */
export function problemHandler(api: string, log: Log): ErrorHandler {
  return (err, context) => {
    const problem = problemOf(err)

    if (problem === undefined) {
      log.error(`${api}: ${context.req.method} ${context.req.path}: ${err.stack}`)
      return context.json({ name: 'InternalError', message: 'a mistake of the node: see its log' }, 500)
    }

    const { status, name, message } = problem
    return context.json({ name, message }, status)
  }
}

function problemOf(err: unknown): Problem | undefined {
  if (err instanceof ZodError) {
    return { status: 400, name: 'InvalidParametersError', message: err.issues.map(describe).join('; ') }
  }

  const { name, message } = err as Error
  const status = STATUSES[name]
  return status === undefined ? undefined : { status, name, message }
}

function describe({ path, message }: ZodError['issues'][number]): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`
}
