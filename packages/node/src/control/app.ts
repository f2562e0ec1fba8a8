import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { protocolNames } from '../config/options.ts'
import { EventFeed } from './feed.ts'
import { guard } from './guard.ts'
import { openApiDocument, pathParameters } from './openapi.ts'
import { problemHandler, RequestError } from './problem.ts'
import type { Context, Handler } from 'hono'
import type { Log } from '../log.ts'
import type { GuardInit } from './guard.ts'
import type { AnswerRoute, Route, StreamRoute } from './route.ts'

export interface AppInit extends GuardInit {
  routes: readonly Route[]
  /** The health probes, by path */
  handlers?: Readonly<Record<string, Handler>>
  version: string
  log: Log
  /** Aborts every stream */
  signal: AbortSignal
}

/** An announce of 65,519 bytes in base64, and its JSON */
const MAX_BODY_BYTES = 128 * 2 ** 10
/** Streams at once; one more is refused */
export const MAX_STREAMS = 16

export function createApp(init: AppInit): Hono {
  const { routes, handlers = {}, version, log } = init
  const app = new Hono()
  const streams = { count: 0 }

  app.use(guard(init))
  app.get('/openapi.json', (context) => context.json(openApiDocument(routes, Object.keys(handlers), version)))
  Object.entries(handlers).forEach(([path, handler]) => app.get(path, handler))
  routes.forEach((route) => app.on(route.method.toUpperCase(), honoPath(route.path), handlerOf(route, init, streams)))
  app.notFound(({ req }) => {
    const [, name] = /^\/v1\/(\w+)\//.exec(req.path) ?? []
    const isOff =
      protocolNames.some((each) => each === name) && routes.every(({ path }) => !path.startsWith(`/v1/${name}/`))
    const why = isOff ? `${name} is turned off at this node (--no-${name})` : `there is no ${req.method} ${req.path}`
    throw new RequestError('NotFoundError', isOff ? why : `${why}: see /openapi.json`)
  })
  app.onError(problemHandler('control API', log))
  return app
}

function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

function handlerOf(route: Route, init: AppInit, streams: { count: number }): Handler {
  return route.kind === 'answer'
    ? (context) => answer(route, context)
    : (context) => stream(route, context, init.signal, streams)
}

async function answer(route: AnswerRoute, context: Context): Promise<Response> {
  const result = await route.handle(route.input.parse(await inputOf(route, context)))
  return context.json(result as object)
}

async function stream(
  route: StreamRoute,
  context: Context,
  signal: AbortSignal,
  streams: { count: number }
): Promise<Response> {
  const input = route.input.parse(await inputOf(route, context))

  if (streams.count >= MAX_STREAMS) {
    throw new RequestError('TooManyStreamsError', `there are ${MAX_STREAMS} streams already: end one of them`)
  }

  const feed = new EventFeed()
  const close = route.open(input, (event) => feed.push(event))
  const onAbort = (): void => feed.end()
  streams.count++
  signal.addEventListener('abort', onAbort)

  return streamSSE(context, async (sse) => {
    sse.onAbort(onAbort)

    try {
      // the headers go out with it: the client knows that from now on it hears everything
      await sse.write(': open\n\n')

      for await (const event of feed.read()) {
        await sse.writeSSE(event)
      }
    } finally {
      streams.count--
      signal.removeEventListener('abort', onAbort)
      close()
    }
  })
}

async function inputOf(route: Route, { req }: Context): Promise<Record<string, unknown>> {
  const inPath = Object.fromEntries(pathParameters(route.path).map((name) => [name, req.param(name)]))
  const rest = route.method === 'get' ? req.query() : await bodyOf(req)
  return { ...rest, ...inPath }
}

async function bodyOf(req: Context['req']): Promise<object> {
  // forms of a page cannot send this type unasked
  if (req.header('content-type')?.split(';', 1)[0]?.trim() !== 'application/json') {
    throw new RequestError('UnsupportedTypeError', 'send JSON, with "Content-Type: application/json"')
  }

  const body = parsed(await textOf(req.raw.body))

  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RequestError('InvalidParametersError', 'the body is no JSON object')
  }

  return body
}

async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0

  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength

    if (size > MAX_BODY_BYTES) {
      throw new RequestError('TooLargeError', `a body may have ${MAX_BODY_BYTES} bytes`)
    }
  }

  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
