import type { Schema } from '../schemas/validate.js'

/** A JSON Schema (draft 2020-12), as an OpenAPI 3.1 document has it. */
export type JsonSchema = Readonly<Record<string, unknown>> | Schema

const names = new WeakMap<object, string>()

/** Gives a schema the name under which it stands in `components`; wherever it is used, the document refers to it. */
export function named<T extends JsonSchema>(name: string, schema: T): T {
  names.set(schema, name)
  return schema
}

export const nameOf = (schema: object): string | undefined => names.get(schema)

/** An object with these members and no others. @param optional those that may be absent */
export function closed(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): { type: 'object'; additionalProperties: false; required: string[]; properties: Record<string, JsonSchema> } {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter(name => !optional.includes(name)),
    properties: { ...properties },
  }
}

export const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items })

/** One page of a list. */
export const pageOf = (items: JsonSchema): JsonSchema =>
  closed({
    results: listOf(items),
    next: { type: ['string', 'null'], description: 'The cursor of the page after this one; null: this is the last.' },
  })

export const TEXT: JsonSchema = { type: 'string' }
export const FLAG: JsonSchema = { type: 'boolean' }
export const COUNT: JsonSchema = { type: 'integer', minimum: 0 }
export const TIME: JsonSchema = { type: 'string', format: 'date-time' }
export const TIME_OR_NULL: JsonSchema = { type: ['string', 'null'], format: 'date-time' }
/** Seconds since the epoch. */
export const EPOCH: JsonSchema = { type: 'integer', minimum: 0 }

/** An id as it may stand in a path: unreserved characters alone, so nothing is ever decoded. */
export const ID_PATTERN = '[A-Za-z0-9._~-]{1,200}'
export const ID: JsonSchema = { type: 'string', pattern: `^${ID_PATTERN}$` }
