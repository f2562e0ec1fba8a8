/** Who may use the control API. Pages of a browser may not, whatever they know. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { RequestError } from './problem.ts'
import type { MiddlewareHandler } from 'hono'

export interface GuardInit {
  /** To be sent as `Authorization: Bearer …`; undefined where the socket's file says who may */
  token?: string | undefined
  /** The name it was told to listen on, which clients may call it by */
  host?: string | undefined
  /** Whether it may be called by any name, as what is only to be read may be */
  anyHost?: boolean
}

/** Those a probe may ask without a token: they tell nothing but whether the node runs well */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz', '/healthz'])

export function guard({ token, host, anyHost = false }: GuardInit): MiddlewareHandler {
  return async ({ req }, next) => {
    const called = hostName(req.header('host') ?? '')

    // a page that had its own name resolve to this machine sends that name
    if (!anyHost && isIP(called) === 0 && called !== 'localhost' && called !== host) {
      throw new RequestError('ForbiddenError', `this is not ${called}: call it by its address or as localhost`)
    } else if (req.header('origin') !== undefined || req.header('sec-fetch-site') === 'cross-site') {
      throw new RequestError('ForbiddenError', 'pages of a browser may not use this API')
    } else if (token !== undefined && !OPEN_PATHS.has(req.path) && !same(req.header('authorization'), token)) {
      throw new RequestError('UnauthorizedError', 'send the token of control.json as "Authorization: Bearer <token>"')
    }

    await next()
  }
}

/** Without the port and the brackets of IPv6 */
function hostName(header: string): string {
  return header.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

/** In the same time, however much of it is right */
function same(header: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
