import type { JsonSchema } from './schema.js'

/** A header of an answer; what each one means is said once, in headers.ts. */
export type HeaderName =
  | 'ETag'
  | 'Location'
  | 'Retry-After'
  | 'RateLimit'
  | 'RateLimit-Policy'
  | 'WWW-Authenticate'
  | 'Cache-Control'

/** What is answered with one status. */
export interface Answer {
  description: string
  /** The body, in JSON. With neither this nor `isPage` there is no body. */
  schema?: JsonSchema
  /** The body is an HTML page. */
  isPage?: true
  headers?: readonly HeaderName[]
}

export interface QueryParameter {
  description: string
  schema: JsonSchema
  required?: true
}

export interface RequestBody {
  schema: JsonSchema
  /** Default: `application/json`. */
  types?: readonly string[]
  /** The request may come without it. */
  isOptional?: true
}

/** How the refusals of an operation look: the words of the management API, of OAuth, or a page for people. */
export type Refusals = 'management' | 'oauth' | 'page'

/** One method of one route, as the document describes it. Every route has one: without it, it does not compile. */
export interface OperationDescription {
  /** Unique in the document. */
  operationId: string
  /** One line. */
  summary: string
  query?: Readonly<Record<string, QueryParameter>>
  body?: RequestBody
  /** May the request have `If-Match`? Then it can be answered with 412. */
  ifMatch?: true
  /** By status: what is no refusal. */
  answers: Readonly<Record<number, Answer>>
  /** The statuses of its refusals besides those that every operation of its kind has, or that follow from its body. */
  refuses?: readonly number[]
}

/** The same of the public routes. */
export interface PublicOperation extends OperationDescription {
  refusals: 'oauth' | 'page'
  /** The schemes of which one is enough, with the scopes that it needs; an empty member: none is needed. */
  security: readonly Readonly<Record<string, readonly string[]>>[]
}

/** An operation with where it stands, and all that the document says of it. */
export interface PlacedOperation extends OperationDescription {
  /** With `:name` for each parameter: `/apis/:apis_id`. */
  path: string
  method: string
  tag: string
  refusals: Refusals
  security: PublicOperation['security']
}
