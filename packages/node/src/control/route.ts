/**
 * What a request of the control API may be. Its routes are lists of these; the server, the OpenAPI document and the
 * checks of what comes in and goes out are made from them.
 */
import type { z } from 'zod'

interface RouteInit<I extends z.ZodObject> {
  /** What changes something is a POST */
  method: 'get' | 'post'
  /** `{name}` stands for a member of the input */
  path: string
  /** For the document */
  summary: string
  /** What the path does not hold comes from the query of a GET, or the JSON body of a POST */
  input: I
}

interface AnswerInit<I extends z.ZodObject, A extends z.ZodType> extends RouteInit<I> {
  answer: A
  /** @throws an error whose name `control/problem.ts` knows, to be answered with its status */
  handle(input: z.output<I>): z.input<A> | Promise<z.input<A>>
}

interface StreamInit<I extends z.ZodObject, E extends z.ZodType> extends RouteInit<I> {
  method: 'get'
  /** One server-sent event */
  event: E
  /** @returns what ends it, called once the client is gone */
  open(input: z.output<I>, push: (event: z.input<E>) => void): () => void
}

export interface AnswerRoute extends AnswerInit<z.ZodObject, z.ZodType> {
  kind: 'answer'
}

export interface StreamRoute extends StreamInit<z.ZodObject, z.ZodType> {
  kind: 'stream'
}

export type Route = AnswerRoute | StreamRoute

export function answers<I extends z.ZodObject, A extends z.ZodType>(init: AnswerInit<I, A>): AnswerRoute {
  return { kind: 'answer', ...init } as unknown as AnswerRoute
}

export function streams<I extends z.ZodObject, E extends z.ZodType>(init: StreamInit<I, E>): StreamRoute {
  return { kind: 'stream', ...init } as unknown as StreamRoute
}
