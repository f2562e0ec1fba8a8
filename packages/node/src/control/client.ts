/** How commands talk to the node that runs with a data directory. */
import { request } from 'node:http'
import { isTaken, readPlace } from './place.ts'
import type { IncomingMessage, RequestOptions } from 'node:http'
import type { Place } from './place.ts'

/** No node runs with the data directory. */
export class NoNodeError extends Error {
  static override readonly name = 'NoNodeError'
  override readonly name = 'NoNodeError'
}

/** The node says why it does not do it. */
export class ControlError extends Error {
  static override readonly name = 'ControlError'
  override readonly name = 'ControlError'
  /** The error's name at the node */
  readonly problem: string

  constructor(problem: string, message: string) {
    super(message)
    this.problem = problem
  }
}

export interface StreamEvent {
  /** `message` unless the node says otherwise */
  event: string
  data: unknown
}

/** In ms, for an answer to begin */
const ANSWER_TIMEOUT = 10_000
/** An answer has at most the addresses of all peers in it */
const MAX_ANSWER_BYTES = 16 * 2 ** 20

export class ControlClient {
  private readonly place: Place

  private constructor(place: Place) {
    this.place = place
  }

  /** @throws {NoNodeError} when no node runs with this data directory */
  static async connect(dataDir: string): Promise<ControlClient> {
    const place = await readPlace(dataDir)

    if (place === undefined || !(await isTaken(place))) {
      throw new NoNodeError(`no node runs with the data directory ${dataDir}: start one with "hearsay start"`)
    }

    return new ControlClient(place)
  }

  /** @param timeout - in ms, where the node may take longer */
  async get<T>(path: string, timeout?: number): Promise<T> {
    return (await this.ask(path, undefined, timeout)) as T
  }

  /** @param timeout - in ms, where the node may take longer */
  async post<T>(path: string, body: object, timeout?: number): Promise<T> {
    return (await this.ask(path, JSON.stringify(body), timeout)) as T
  }

  /** Server-sent events until the node stops or the signal aborts; the first is `open`, once the node listens for us */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const response = await this.send(path, undefined, { signal, timeout: 0 })

    if (response.statusCode !== 200) {
      throw errorOf(await textOf(response))
    }

    yield { event: 'open', data: undefined }

    try {
      yield* events(response.setEncoding('utf8'))
    } catch (err) {
      if (!signal.aborted) {
        throw gone(err as Error)
      }
    }
  }

  private async ask(path: string, body?: string, timeout?: number): Promise<unknown> {
    const response = await this.send(path, body, { timeout })
    const text = await textOf(response)

    if (response.statusCode !== 200) {
      throw errorOf(text)
    }

    return JSON.parse(text)
  }

  private async send(
    path: string,
    body: string | undefined,
    { timeout = ANSWER_TIMEOUT, signal }: { timeout?: number | undefined; signal?: AbortSignal }
  ): Promise<IncomingMessage> {
    const { socket, tcp, token } = this.place
    const options: RequestOptions = {
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      ...(socket === undefined ? tcp : { socketPath: socket, host: 'localhost' }),
      ...(signal && { signal }),
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      }
    }

    return new Promise((resolve, reject) => {
      const outgoing = request(options, resolve)
      outgoing.setTimeout(timeout, () =>
        outgoing.destroy(new ControlError('TimeoutError', `the node did not answer within ${timeout} ms`))
      )
      outgoing.on('error', (err) => reject(err instanceof ControlError || signal?.aborted === true ? err : gone(err)))
      outgoing.end(body)
    })
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''

  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk)

    if (text.length > MAX_ANSWER_BYTES) {
      throw new ControlError('TooLargeError', `the answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    }
  }

  return text
}

function gone({ message }: Error): ControlError {
  return new ControlError('GoneError', `the node stopped: ${message}`)
}

function errorOf(text: string): ControlError {
  try {
    const { name, message } = JSON.parse(text) as { name: string; message: string }
    return new ControlError(name, message)
  } catch {
    return new ControlError('InternalError', 'the node answered something that is no JSON: is it another program?')
  }
}

async function* events(chunks: AsyncIterable<string>): AsyncGenerator<StreamEvent> {
  let text = ''

  for await (const chunk of chunks) {
    const parts = (text + chunk).split('\n\n')
    text = parts.pop()!

    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => splitOnce(line)))
      const data = fields.get('data')

      if (data !== undefined) {
        yield { event: fields.get('event') ?? 'message', data: JSON.parse(data) }
      }
    }
  }
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(': ')
  return [line.slice(0, colon), line.slice(colon + 2)]
}
