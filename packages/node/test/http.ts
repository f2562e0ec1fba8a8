/** Plain requests to the control API and the probes, as any program could make them. */
import { request } from 'node:http'
import { within } from './api-client.ts'
import type { IncomingMessage, RequestOptions } from 'node:http'

export interface Answer {
  status: number
  type: string
  body: unknown
}

export interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string | undefined
  signal?: AbortSignal
}

/** @param api - `http://host:port` or the path of a socket */
export async function ask(api: string, path: string, init: Ask = {}): Promise<Answer> {
  const response = await open(api, path, init)
  const chunks: Buffer[] = []

  for await (const chunk of response) {
    chunks.push(chunk as Buffer)
  }

  const [type, text] = [response.headers['content-type'] ?? '', Buffer.concat(chunks).toString()]
  return { status: response.statusCode!, type, body: type.startsWith('application/json') ? JSON.parse(text) : text }
}

/** Until the headers are there */
export async function open(
  api: string,
  path: string,
  { method, headers, body, signal }: Ask
): Promise<IncomingMessage> {
  const target: RequestOptions = api.startsWith('http') ? urlOf(api) : { socketPath: api, host: 'localhost' }
  const options = {
    ...target,
    path,
    agent: false,
    ...(method && { method }),
    ...(headers && { headers }),
    ...(signal && { signal })
  }
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve).on('error', reject).end(body)
  })
  return within(answered, `an answer to ${path}`)
}

export const post = (body: unknown, headers: Record<string, string> = {}): Ask => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body)
})

function urlOf(api: string): RequestOptions {
  const { hostname, port } = new URL(api)
  return { host: hostname.replaceAll(/[[\]]/g, ''), port }
}
