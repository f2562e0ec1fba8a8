/** Calls of the application, from the command to its result. */
import { BusyError, NoAnswerError, NoRouteError, NotStoredError, WhisperTimeoutError } from './errors.ts'
import type { CallId, Command, Result } from './contract.ts'

interface Call {
  resolve(result: Result): void
  reject(err: Error): void
}

type Callable = Extract<Command, { call: CallId }>
/** A command without its call, which is given to it here */
type Uncalled<T> = T extends Callable ? Omit<T, 'call'> : never

export class Calls {
  private readonly command: (command: Command) => void
  /** BOUNDED by the application, and by MAX_SIGNING */
  private readonly open = new Map<CallId, Call>()
  private last = 0

  constructor(command: (command: Command) => void) {
    this.command = command
  }

  /** @throws the reason of the signal, once that aborted */
  make(command: Uncalled<Command>, signal: AbortSignal | undefined): Promise<Result> {
    signal?.throwIfAborted()
    const call = this.last++

    return new Promise<Result>((resolve, reject) => {
      const abort = (): void => {
        this.open.delete(call)
        this.command({ type: 'abort', call })
        reject(signal?.reason as Error)
      }
      const settle = (end: () => void): void => {
        signal?.removeEventListener('abort', abort)
        end()
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.open.set(call, {
        resolve: (result) => settle(() => resolve(result)),
        reject: (err) => settle(() => reject(err))
      })
      this.command({ ...command, call })
    })
  }

  /** Those of nobody, and those that were aborted, come to nothing */
  settle(call: CallId, result: Result): void {
    const waiting = this.open.get(call)
    this.open.delete(call)

    if (result.type === 'failed') {
      waiting?.reject(errorOf(result.reason))
    } else if (result.type === 'refused') {
      waiting?.reject(new NotStoredError(result.accepted, result.asked, result.reason, result.version))
    } else {
      waiting?.resolve(result)
    }
  }

  rejectAll(err: Error): void {
    const calls = [...this.open.values()]
    this.open.clear()
    calls.forEach((each) => each.reject(err))
  }
}

function errorOf(reason: Extract<Result, { type: 'failed' }>['reason']): Error {
  switch (reason) {
    case 'no route':
      return new NoRouteError()
    case 'timeout':
      return new WhisperTimeoutError()
    case 'busy':
      return new BusyError()
    case 'no answer':
      return new NoAnswerError('the node cannot be found, or did not answer in time')
    case 'refused':
      return new NoAnswerError('the node refused: it has no handler of that name')
  }
}
