import fc from 'fast-check'
import { fromSchema, type Shape } from './from-schema.js'
import { encode, json, type Known, odd, pick, type WireRequest } from './requests.js'

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required?: boolean
  schema: Shape
}

interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Shape }> }
}

/** What of a document the requests are made of. */
export interface Described {
  paths: Record<string, Record<string, Operation> & { parameters?: Parameter[] }>
  components: { schemas: Record<string, Shape> }
}

const METHODS = ['get', 'post', 'delete', 'put', 'patch']
const FORM = 'application/x-www-form-urlencoded'

/**
 * Any request to any operation of a document, most of them right in most of what they say. Made once: what exists is read
 * when it is asked for.
 */
export function documentRequest(document: Described, known: Known): fc.Arbitrary<WireRequest> {
  const resolve = (ref: string): Shape => document.components.schemas[ref.split('/').at(-1) ?? ''] ?? {}
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap(method => {
      const operation = item[method]
      const own = operation && {
        ...operation,
        parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])],
      }
      return own === undefined ? [] : [operationRequest({ path, method, resolve, known }, own)]
    }),
  )
  return fc.oneof(...operations)
}

interface Place {
  path: string
  method: string
  resolve: (ref: string) => Shape
  known: Known
}

const often = <T>(usual: fc.Arbitrary<T>, seldom: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: seldom })

const huge = fc
  .constantFrom('x', '\u0000', '😀', '"', '[', '{"a":')
  .chain(text => fc.constantFrom(300, 3_000, 70_000).map(length => text.repeat(length)))
const strange = fc.oneof(odd, { weight: 1, arbitrary: huge.map(text => text.slice(0, 1_000)) })

function operationRequest(
  place: Place,
  { operationId, parameters = [], requestBody }: Operation,
): fc.Arbitrary<WireRequest> {
  const method = often(
    fc.constant(place.method.toUpperCase()),
    fc.constantFrom('HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'POST', 'GET'),
  )
  return fc
    .tuple(method, target(place, parameters), headers(place), payload(place, requestBody))
    .map(([sent, path, own, { type, body }]) => ({
      ...(sent === place.method.toUpperCase() && { operationId }),
      method: sent,
      target: path,
      headers: { ...own, ...(type !== undefined && { 'content-type': type }) },
      ...(body !== undefined && sent !== 'HEAD' && { body }),
    }))
}

/** The path with its ids filled in, and a query: parameters absent, right, strange, repeated, or of other names. */
function target({ path, resolve, known }: Place, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const ids = parameters.filter(parameter => parameter.in === 'path').map(({ name }) => idOf(name, path, known))
  const queries = parameters.filter(parameter => parameter.in === 'query')
  const pairs = queries.map(parameter => {
    const value = often(knownOr(parameter.name, fromSchema(parameter.schema, resolve), known), strange)
    const pair = value.map(text => [[parameter.name, String(text)] as const])
    const twice = fc.tuple(value, value).map(both => both.map(text => [parameter.name, String(text)] as const))
    const absent = fc.constant([])
    return parameter.required ? often(pair, fc.oneof(absent, twice)) : fc.oneof(absent, absent, often(pair, twice))
  })
  const other = often<[string, string][]>(fc.constant([]), fc.array(fc.tuple(odd, odd), { maxLength: 2 }))
  return fc.tuple(fc.tuple(...ids), fc.tuple(...pairs, other)).map(([found, list]) => {
    const named = found.reduce((text, id) => text.replace(/\{\w+\}/, () => id), path)
    const query = list.flat().map(([name, value]) => `${encode(name)}=${encode(value)}`)
    return query.length === 0 ? named : `${named}?${query.join('&')}`
  })
}

function idOf(name: string, path: string, known: Known): fc.Arbitrary<string> {
  const [, resource = ''] = path.split('/')
  const ids = name === 'id' && path.includes('/secrets/') ? [] : (known.ids[resource] ?? [])
  // Read when it is asked for: the list grows.
  const present = fc.nat(9_999).map(number => ids[number % ids.length] ?? 'none')
  return fc.oneof(
    { weight: 4, arbitrary: present },
    often(fc.stringMatching(/^[a-z]{3}_[0-9a-z]{26}$/), odd.map(encode)),
  )
}

/** Where a value means something that exists, mostly that. */
function knownOr(name: string, usual: fc.Arbitrary<unknown>, known: Known): fc.Arbitrary<unknown> {
  const values = known.values[name]
  return values === undefined ? usual : often(fc.constantFrom(...values), usual)
}

function headers({ path, known }: Place): fc.Arbitrary<Record<string, string | string[]>> {
  const basic = known.credentials.map(([id, secret]) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`)
  // A client that authenticates in the body has no header.
  const usual = path.startsWith('/oauth/')
    ? fc.constantFrom(undefined, ...basic, ...basic)
    : pick<string | undefined>(known.authorizations, odd.map(encode))
  const seldom = (value: fc.Arbitrary<string>) => often(fc.constant(undefined), value)
  const all = fc.record({
    authorization: often<string | undefined>(
      usual,
      fc.oneof(
        fc.constant(undefined),
        odd.map(text => `Bearer ${encode(text)}`),
      ),
    ),
    'if-match': seldom(fc.constantFrom('"1"', '*', '"2", "1"', 'W/"1"', '"', '')),
    'if-none-match': seldom(fc.constantFrom('*', '"x"', '')),
    'content-encoding': seldom(fc.constantFrom('gzip', 'identity')),
    origin: seldom(fc.constantFrom('https://a.example', 'null')),
    cookie: seldom(odd.map(encode)),
  })
  return all.map(sent =>
    Object.fromEntries(Object.entries(sent).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  )
}

interface Payload {
  type?: string
  body?: string
}

function payload({ path, resolve, known }: Place, requestBody: Operation['requestBody']): fc.Arbitrary<Payload> {
  const none = fc.constant<Payload>({})
  const types = Object.entries(requestBody?.content ?? {})
  if (types.length === 0) return often(none, fc.record({ type: fc.constant('application/json'), body: odd }))
  const right = fc.oneof(
    ...types.map(([type, { schema }]) =>
      mutated(withoutClient(path, withKnown(fromSchema(schema, resolve), known))).map(value => ({
        type,
        body: write(type, value),
      })),
    ),
  )
  const wrong = fc.oneof(
    fc.tuple(right, fc.constantFrom('text/plain', '', 'application/json; charset=latin1', FORM, 'application/json')),
    fc.tuple(right, fc.nat(40)).map(([{ type, body }, at]) => [{ type, body: body.slice(0, at) }, type] as const),
    fc.tuple(fc.record({ body: fc.oneof(odd, huge) }), fc.constantFrom('application/json', FORM)),
  )
  return fc.oneof(
    { weight: 8, arbitrary: right },
    { weight: 1, arbitrary: none },
    { weight: 1, arbitrary: wrong.map(([{ body }, type]) => ({ type, body })) },
  )
}

/** A client that authenticates by Basic says nothing in the body of who it is. */
function withoutClient(path: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (!path.startsWith('/oauth/')) return value
  const bare = value.map(made =>
    Object.fromEntries(Object.entries(made ?? {}).filter(([name]) => !name.startsWith('client_'))),
  )
  return fc.oneof({ weight: 4, arbitrary: bare }, { weight: 1, arbitrary: value })
}

function withKnown(value: fc.Arbitrary<unknown>, known: Known): fc.Arbitrary<unknown> {
  return fc.tuple(value, fc.array(fc.nat(1000), { minLength: 30, maxLength: 30 })).map(([made, numbers]) => {
    if (typeof made !== 'object' || made === null || Array.isArray(made)) return made
    const members = Object.entries(made).map(([name, member], at) => {
      const values = known.values[name]
      const number = numbers[at] ?? 0
      return [name, values === undefined || number % 6 === 0 ? member : values[number % values.length]]
    })
    return Object.fromEntries(members)
  })
}

/** Mostly as it is; else with one member gone, of any other value, huge, or of an unknown name. */
function mutated(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const anything = fc.oneof(json, { weight: 1, arbitrary: huge })
  const changed = fc
    .tuple(value, fc.nat(1000), anything, fc.constantFrom('set', 'drop', 'add', 'whole'))
    .map(([made, at, other, how]) => {
      if (how === 'whole' || typeof made !== 'object' || made === null) return other
      const names = Object.keys(made)
      const name = how === 'add' ? (JSON.stringify(other) ?? '').slice(0, 50) : names[at % Math.max(names.length, 1)]
      if (name === undefined) return made
      return Object.fromEntries([
        ...Object.entries(made).filter(([present]) => present !== name),
        ...(how === 'drop' ? [] : [[name, other]]),
      ])
    })
  return fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: changed })
}

function write(type: string, value: unknown): string {
  if (type !== FORM || typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  return Object.entries(value)
    .flatMap(([name, member]: [string, unknown]) => (Array.isArray(member) ? member : [member]).map(one => [name, one]))
    .map(
      ([name, member]) =>
        `${encode(String(name))}=${encode(typeof member === 'string' ? member : (JSON.stringify(member) ?? ''))}`,
    )
    .join('&')
}
