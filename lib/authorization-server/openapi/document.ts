import type { Permission } from '../../store/records.js'
import { HEADERS } from './headers.js'
import type { Answer, PlacedOperation, QueryParameter } from './operation.js'
import { ACCESS_TOKEN_SCHEME, CLIENT_SCHEME } from './public-operations.js'
import { type Components, publish } from './publish.js'
import { commonRefusals, refusalOf } from './refusals.js'
import { ID } from './schema.js'

/** The scheme of the management API, whose scopes stand in each operation. */
export const MANAGEMENT_SCHEME = 'managementToken'

/** What a document is about. */
export interface Described {
  title: string
  operations: readonly PlacedOperation[]
  /** The scopes of the management API. */
  permissions: readonly Permission[]
}

/** Where the document is for. */
export interface Place {
  issuer: string
  /** The URL that the paths are below, whole or relative to the document's. */
  server: string
}

/** Makes what is the same in every account once, and completes it for one: OpenAPI 3.1. */
export function createDocument({ title, operations, permissions }: Described): (place: Place) => object {
  const schemas: Components = {}
  const responses: Components = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}')
    paths[path] ??= pathItem(operation.path)
    paths[path][operation.method.toLowerCase()] = describe(operation, { schemas, responses })
  }
  const used = new Set(operations.flatMap(({ security }) => security.flatMap(scheme => Object.keys(scheme))))
  return ({ issuer, server }) => ({
    openapi: '3.1.0',
    info: { title, version: '1' },
    servers: [{ url: server }],
    paths,
    components: {
      schemas,
      responses,
      headers: HEADERS,
      securitySchemes: Object.fromEntries(
        Object.entries(schemes(issuer, permissions)).filter(([name]) => used.has(name)),
      ),
    },
  })
}

function schemes(issuer: string, permissions: readonly Permission[]): Record<string, object> {
  const scopes = Object.fromEntries(permissions.map(({ value, description = '' }) => [value, description]))
  return {
    [MANAGEMENT_SCHEME]: {
      type: 'oauth2',
      description: 'An access token for the audience urn:scopegate:management.',
      flows: { clientCredentials: { tokenUrl: `${issuer}/oauth/token`, scopes } },
    },
    [CLIENT_SCHEME]: {
      type: 'http',
      scheme: 'basic',
      description: 'The client_id and a secret of the client. Both may stand in the body instead.',
    },
    [ACCESS_TOKEN_SCHEME]: {
      type: 'openIdConnect',
      openIdConnectUrl: `${issuer}/.well-known/openid-configuration`,
    },
  }
}

/** The parameters in the path are those of each of its operations. */
function pathItem(path: string): Record<string, unknown> {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
  if (names.length === 0) return {}
  return { parameters: names.map(name => ({ name, in: 'path', required: true, schema: ID })) }
}

interface Shared {
  schemas: Components
  responses: Components
}

function describe(operation: PlacedOperation, shared: Shared): object {
  const { operationId, summary, tag, security, query, ifMatch, body } = operation
  const parameters = [
    ...Object.entries(query ?? {}).map(([name, parameter]) => queryParameter(name, parameter, shared)),
    ...(ifMatch ? [IF_MATCH] : []),
  ]
  return {
    ...{ operationId, summary, tags: [tag], security },
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: {
        required: body.isOptional !== true,
        content: contentOf(body.types ?? ['application/json'], publish(body.schema, shared.schemas)),
      },
    }),
    responses: { ...answersOf(operation, shared), ...refusalsOf(operation, shared) },
  }
}

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description: 'Only where the resource still has one of these ETags.',
  schema: { type: 'string' },
}

function queryParameter(name: string, { description, schema, required }: QueryParameter, { schemas }: Shared): object {
  return { name, in: 'query', description, ...(required && { required }), schema: publish(schema, schemas) }
}

const contentOf = (types: readonly string[], schema: unknown): object =>
  Object.fromEntries(types.map(type => [type, { schema }]))

function answersOf({ answers }: PlacedOperation, shared: Shared): Record<string, object> {
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer, shared)]))
}

/** Refusals of one kind and status are one response, that all operations refer to. */
function refusalsOf(operation: PlacedOperation, shared: Shared): Record<string, object> {
  const { refusals: kind, refuses = [], body, ifMatch } = operation
  const own = [...refuses, ...(body === undefined ? [] : bodyRefusals(kind)), ...(ifMatch ? [412] : [])]
  const all = [...new Set([...commonRefusals(operation), ...own])].sort()
  return Object.fromEntries(
    all.map(status => {
      const name = `${kind}${status}`
      shared.responses[name] ??= response(refusalOf(kind, status), shared)
      return [status, { $ref: `#/components/responses/${name}` }]
    }),
  )
}

const bodyRefusals = (kind: PlacedOperation['refusals']): readonly number[] =>
  kind === 'management' ? [413, 415] : [413]

function response({ description, schema, isPage, headers = [] }: Answer, { schemas }: Shared): object {
  return {
    description,
    ...(headers.length > 0 && {
      headers: Object.fromEntries(headers.map(name => [name, { $ref: `#/components/headers/${name}` }])),
    }),
    ...(schema !== undefined && { content: contentOf(['application/json'], publish(schema, schemas)) }),
    ...(isPage && { content: contentOf(['text/html'], { type: 'string' }) }),
  }
}
