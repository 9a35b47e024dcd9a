import fc from 'fast-check'

/** A schema of a document, as far as ours go. */
export interface Shape {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Shape[]
  oneOf?: Shape[]
  allOf?: Shape[]
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  maxItems?: number
  items?: Shape
  uniqueItems?: boolean
  'x-unique-by'?: string
  required?: string[]
  properties?: Record<string, Shape>
}

/** A value of each format. */
const FORMATS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'visible-text': fc
    .string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abcdé ✓-😀') })
    .map(text => `a${text}`),
  'plain-text': fc.string({ maxLength: 30, unit: 'grapheme' }),
  identifier: fc.oneof(
    fc.uuid().map(id => `https://api.example/${id}`),
    fc.constantFrom('https://api.example.com', 'urn:scopegate:management', 'urn:example:api'),
  ),
  'scope-token': fc.constantFrom('read:users', 'write:users', 'read:apis', 'openid', 'x'),
  'permission-value': fc.stringMatching(/^[a-z]{1,9}:[a-z]{1,9}$/),
  slug: fc.uuid(),
  'redirect-uri': fc.constantFrom('https://a.example/cb', 'http://127.0.0.1/cb', 'com.example.app:/cb'),
  'web-origin': fc.constantFrom('https://a.example', 'http://localhost:3000'),
  instant: fc.constantFrom('2099-01-01T00:00:00Z', '2001-01-01T00:00:00+02:00'),
}

/** Values that fit a schema, but for what only the server can know. */
export function fromSchema(shape: Shape, resolve: (ref: string) => Shape): fc.Arbitrary<unknown> {
  const inner = (part: Shape): fc.Arbitrary<unknown> => fromSchema(part, resolve)
  if (shape.$ref !== undefined) return inner(resolve(shape.$ref))
  if (shape.const !== undefined) return fc.constant(shape.const)
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum)
  const choices = shape.anyOf ?? shape.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map(inner))
  const [type = 'string'] = [shape.type ?? 'object'].flat()
  switch (type) {
    case 'object':
      return objects(shape, inner)
    case 'array':
      return lists(shape, inner)
    case 'integer':
      return fc.integer({ min: shape.minimum ?? 0, max: shape.maximum ?? 1_000_000 })
    case 'boolean':
      return fc.boolean()
    default:
      return texts(shape)
  }
}

function objects({ properties = {}, required = [] }: Shape, inner: (part: Shape) => fc.Arbitrary<unknown>) {
  const members = Object.entries(properties).map(([name, part]) => [name, inner(part)] as const)
  return fc.record(Object.fromEntries(members), { requiredKeys: required })
}

function lists(shape: Shape, inner: (part: Shape) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown[]> {
  const member = shape['x-unique-by']
  const keyOf = (value: unknown): string =>
    JSON.stringify(member !== undefined && typeof value === 'object' ? Reflect.get(value ?? {}, member) : value)
  return fc.uniqueArray(inner(shape.items ?? {}), { maxLength: Math.min(shape.maxItems ?? 4, 4), selector: keyOf })
}

function texts({ format = '', pattern, minLength = 0, maxLength = 40 }: Shape): fc.Arbitrary<string> {
  const own = FORMATS[format]
  if (own !== undefined) return own
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) })
}
