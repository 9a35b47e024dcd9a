import { messageOfFormat } from '../schemas/validate.js'
import { nameOf } from './schema.js'

/** The schemas that a document refers to, by name. */
export type Components = Record<string, unknown>

/**
 * Writes a schema as the document has it: one with a name becomes a reference, and stands in `components`; a keyword of our
 * own gets the `x-` of an extension; a format of our own gets the words for it.
 */
export function publish(schema: unknown, components: Components): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map(element => publish(element, components))
  const name = nameOf(schema)
  if (name === undefined) return publishMembers(schema, components)
  if (!Object.hasOwn(components, name)) {
    components[name] = undefined
    components[name] = publishMembers(schema, components)
  }
  return { $ref: `#/components/schemas/${name}` }
}

function publishMembers(schema: object, components: Components): object {
  const members = Object.entries(schema).map(([name, value]) =>
    name === 'uniqueBy' && typeof value === 'string' ? ['x-unique-by', value] : [name, publish(value, components)],
  )
  const { format, description }: { format?: unknown; description?: unknown } = schema
  const words = typeof format === 'string' && description === undefined ? messageOfFormat(format) : undefined
  return Object.fromEntries(words === undefined ? members : [...members, ['description', words]])
}
