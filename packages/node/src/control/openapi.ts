/** The OpenAPI document of a list of routes. */
import { z } from 'zod'
import type { Route } from './route.ts'

type Json = Record<string, unknown>

const PROBLEM = {
  type: 'object',
  required: ['name', 'message'],
  properties: { name: { type: 'string' }, message: { type: 'string' } },
  additionalProperties: false
}

const PROBE = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { enum: ['ok', 'failed'] },
    findings: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'ok', 'message'],
        properties: { name: { type: 'string' }, ok: { type: 'boolean' }, message: { type: 'string' } },
        additionalProperties: false
      }
    }
  },
  additionalProperties: false
}

/** @param probes - paths of the health probes, which need no token */
export function openApiDocument(routes: readonly Route[], probes: readonly string[], version: string): Json {
  const paths: Record<string, Json> = Object.fromEntries(probes.map((path) => [path, { get: probe(path) }]))

  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) }
  }

  return {
    openapi: '3.1.0',
    info: {
      title: 'hearsay control API',
      version,
      description:
        'What the command line asks a running node. On a Unix socket, or on TCP with the token of control.json.'
    },
    paths,
    security: [{ token: [] }, {}],
    components: {
      schemas: { Problem: PROBLEM, Probe: PROBE },
      responses: {
        Problem: content('application/json', { $ref: '#/components/schemas/Problem' }, 'It cannot be done')
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } }
    }
  }
}

/** Names of the members of the input that the path holds */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
}

function operation(route: Route): Json {
  const success =
    route.kind === 'answer'
      ? content('application/json', schemaOf(route.answer), route.summary)
      : content('text/event-stream', schemaOf(route.event), `${route.summary}; one of these in each event`)

  return {
    operationId: operationId(route),
    summary: route.summary,
    parameters: parameters(route),
    ...body(route),
    responses: { 200: success, default: { $ref: '#/components/responses/Problem' } }
  }
}

function probe(path: string): Json {
  const schema = { $ref: '#/components/schemas/Probe' }
  return {
    operationId: `get${path.replaceAll('/', '-')}`,
    summary: 'whether the node lives, is ready, or is well',
    security: [{}],
    parameters: [{ name: 'verbose', in: 'query', allowEmptyValue: true, schema: { type: 'string' } }],
    responses: {
      200: content('application/json', schema, 'it is'),
      503: content('application/json', schema, 'it is not')
    }
  }
}

function parameters({ input, path, method }: Route): Json[] {
  const inPath = pathParameters(path)
  // a query is text that becomes a number: what it becomes is what is documented
  const { properties, required } = membersOf(input, method === 'get' ? 'output' : 'input')
  const names = method === 'get' ? Object.keys(properties) : inPath

  return names.map((name) => ({
    name,
    in: inPath.includes(name) ? 'path' : 'query',
    required: required.includes(name),
    schema: properties[name]
  }))
}

function body({ input, path, method }: Route): Json {
  const schema = schemaOf(input)
  pathParameters(path).forEach((name) => delete (schema['properties'] as Json)[name])
  return method === 'get' ? {} : { requestBody: { required: true, ...content('application/json', schema) } }
}

function membersOf(
  input: z.ZodObject,
  io: 'input' | 'output'
): { properties: Record<string, Json>; required: string[] } {
  const { properties = {}, required = [] } = schemaOf(input, io)
  return { properties: properties as Record<string, Json>, required: required as string[] }
}

function schemaOf(type: z.ZodType, io: 'input' | 'output' = 'input'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io }) as Json
  return schema
}

function content(type: string, schema: Json, description?: string): Json {
  return { ...(description === undefined ? {} : { description }), content: { [type]: { schema } } }
}

/** `get-v1-peers-peer-refusals` */
function operationId({ method, path }: Route): string {
  return [method, ...path.split(/\W+/).filter((word) => word !== '')].join('-')
}
