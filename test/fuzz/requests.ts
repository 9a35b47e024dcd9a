import fc from 'fast-check'

/** One request as it goes over the wire. */
export interface WireRequest {
  method: string
  /** The request target: a path with a query, percent-encoded. */
  target: string
  headers: Record<string, string | string[]>
  body?: string
  /** The operation of the document that it is made for. */
  operationId?: string
}

/** What exists when the requests are made: some of them name it. */
export interface Known {
  /** By the first segment of their paths. */
  ids: { apis: string[]; clients: string[]; [resource: string]: string[] }
  /** By the name of the parameter that they are for. */
  values: Readonly<Record<string, readonly string[]>>
  /** `client_id` and secret of clients that may have tokens. */
  credentials: (readonly [string, string])[]
  /** `Authorization` headers. */
  authorizations: string[]
  cursors: string[]
}

const ODD = [
  '',
  ' ',
  '\u0000',
  '\u007f',
  '"',
  '\\',
  '..',
  '../..',
  '%',
  '%00',
  '$ne',
  '__proto__',
  'constructor',
  '😀',
  'é',
  '\u202e',
  "' or 1=1",
  '{"$gt":""}',
  '[object Object]',
  '-1',
  '1e999',
  '٣',
  'x'.repeat(300),
]

/** Names that mean something somewhere, among others that do not. */
const NAMES = [
  'name',
  'slug',
  'identifier',
  'description',
  'permissions',
  'signing_alg',
  'token_dialect',
  'token_lifetime',
  'enforce_policies',
  'allow_offline_access',
  'skip_consent',
  'is_system',
  'id',
  'client_id',
  'application_type',
  'is_first_party',
  'token_endpoint_auth_method',
  'grant_types',
  'callbacks',
  'web_origins',
  'refresh_token',
  'api_grants',
  'default_audience',
  'secrets',
  'expires_at',
  '__proto__',
  'toString',
  '',
]

export const odd = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 20 }),
)

/** Any JSON, with names that mean something. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'json' },
    fc.oneof(odd, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'json' }),
    fc.dictionary(fc.constantFrom(...NAMES, 'value', 'audience', 'scope'), tie('value'), {
      maxKeys: 5,
      depthIdentifier: 'json',
    }),
  ),
})).value

const short = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(...'abcdé ✓-') })
const scope = fc.constantFrom('read:users', 'write:users', 'read:apis', 'create:clients', 'a b', 'openid', '')
const audience = fc.constantFrom('https://api.example.com', 'urn:scopegate:management', 'urn:none:such', 'javascript:x')

/** A body that is right in most of its members. */
function almost(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  const some = Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name,
      fc.oneof({ weight: 40, arbitrary: value }, { weight: 1, arbitrary: json }),
    ]),
  )
  const right = fc.record(some, { requiredKeys: [] })
  const extra = fc.dictionary(fc.constantFrom(...NAMES), json, { maxKeys: 1 })
  return fc.oneof(
    { weight: 6, arbitrary: right },
    { weight: 1, arbitrary: fc.tuple(right, extra).map(([a, b]) => ({ ...a, ...b })) },
  )
}

const unique = fc.uuid()
const api = almost({
  name: short,
  identifier: unique.map(id => `https://api.example/${id}`),
  slug: unique,
  description: fc.string({ maxLength: 30 }),
  permissions: fc.uniqueArray(
    short.map(value => ({ value })),
    { maxLength: 4, selector: ({ value }) => value },
  ),
  token_dialect: fc.constantFrom('access_token', 'access_token_authz'),
  token_lifetime: fc.integer({ min: 60, max: 90_000 }),
  enforce_policies: fc.boolean(),
  skip_consent: fc.boolean(),
})
const client = almost({
  name: short,
  application_type: fc.constantFrom('web', 'native', 'spa', 'm2m'),
  token_endpoint_auth_method: fc.constantFrom('client_secret_basic', 'client_secret_post', 'none'),
  grant_types: fc.subarray(['client_credentials', 'authorization_code', 'refresh_token']),
  callbacks: fc.subarray(['https://a.example/cb', 'http://127.0.0.1/cb']),
  api_grants: fc.uniqueArray(fc.record({ audience, scope: fc.uniqueArray(scope, { maxLength: 3 }) }), {
    maxLength: 2,
    selector: grant => grant.audience,
  }),
  default_audience: audience,
})
const secret = almost({ expires_at: fc.constantFrom('2099-01-01T00:00:00Z', '2001-01-01T00:00:00Z', 'soon') })

const query = fc.oneof(
  fc.constantFrom(
    'name:a',
    'is_system:true',
    'token_lifetime:>=60',
    'createdAt:<2030-01-01',
    'permission:read:users',
    'word',
    '"two words"',
    'name!:x',
    'name:a*',
  ),
  odd,
  fc
    .array(
      fc
        .tuple(fc.constantFrom(...NAMES, 'createdAt'), fc.constantFrom(':', '!:', ':>', ':<='), odd)
        .map(parts => parts.join('')),
      { maxLength: 3 },
    )
    .map(terms => terms.join(' ')),
)

export const pick = <T>(values: readonly T[], otherwise: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  values.length === 0
    ? otherwise
    : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: otherwise })

/** Lone surrogates have no encoding: they become U+FFFD. */
export const encode = (text: string): string => encodeURIComponent(Buffer.from(text).toString())

function listTarget(path: string, known: Known): fc.Arbitrary<string> {
  const parameters = fc.array(
    fc.oneof(
      fc.tuple(fc.constant('pageSize'), fc.constantFrom('1', '50', '200', '0', '201', '1.5', 'x', '-1')),
      fc.tuple(fc.constantFrom('next', 'cursor'), pick(known.cursors, odd)),
      fc.tuple(fc.constant('query'), query),
      fc.tuple(odd, odd),
    ),
    { maxLength: 3 },
  )
  return parameters.map(list => `${path}?${list.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')}`)
}

const dryRun = fc.constantFrom('dry_run=true', 'dry_run=true', 'dry_run=1', 'dry-run=true', 'dry_run=true&dry_run=true')

function previewOf(known: Known): fc.Arbitrary<object> {
  return almost({
    client_id: pick(known.values['client_id'] ?? [], odd),
    scope: fc.array(scope, { maxLength: 4 }).map(scopes => scopes.join(' ')),
    grant_type: fc.constantFrom('client_credentials', 'authorization_code', 'refresh_token', 'password'),
    user: fc.constantFrom('ada', ''),
  })
}

interface Route {
  target: fc.Arbitrary<string>
  methods: string[]
  body: fc.Arbitrary<object>
}

function adminRoutes(known: Known): Route[] {
  const apiId = pick(known.ids.apis, odd.map(encode))
  const clientId = pick(known.ids.clients, odd.map(encode))
  const none = fc.constant({})
  return [
    { target: listTarget('/apis', known), methods: ['GET', 'HEAD'], body: none },
    { target: listTarget('/clients', known), methods: ['GET', 'HEAD'], body: none },
    { target: listTarget('/logs', known), methods: ['GET', 'HEAD', 'POST'], body: none },
    { target: apiId.map(id => `/apis/${id}/usage`), methods: ['GET', 'POST'], body: none },
    { target: fc.constant('/apis'), methods: ['POST', 'POST', 'PUT'], body: api },
    { target: fc.constant('/clients'), methods: ['POST', 'POST', 'DELETE'], body: client },
    { target: apiId.map(id => `/apis/${id}`), methods: ['GET', 'POST', 'POST', 'DELETE', 'PATCH'], body: api },
    { target: clientId.map(id => `/clients/${id}`), methods: ['GET', 'POST', 'POST', 'DELETE', 'HEAD'], body: client },
    {
      target: fc.tuple(apiId, dryRun).map(([id, run]) => `/apis/${id}?${run}`),
      methods: ['POST', 'DELETE'],
      body: api,
    },
    {
      target: fc.tuple(clientId, dryRun).map(([id, run]) => `/clients/${id}?${run}`),
      methods: ['POST', 'DELETE'],
      body: client,
    },
    { target: apiId.map(id => `/apis/${id}/preview`), methods: ['POST'], body: previewOf(known) },
    { target: clientId.map(id => `/clients/${id}/secrets`), methods: ['POST', 'GET'], body: secret },
    {
      target: fc.tuple(clientId, odd).map(([id, s]) => `/clients/${id}/secrets/${encode(s)}`),
      methods: ['DELETE'],
      body: none,
    },
    {
      target: fc.constantFrom('/keys', '/logs', '/apis/', '//apis', '/apis/..;/clients', '/APIS'),
      methods: ['GET', 'POST'],
      body: api,
    },
  ]
}

const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })

function headers(known: Known): fc.Arbitrary<Record<string, string | string[]>> {
  const all = fc.record({
    authorization: pick(
      known.authorizations,
      odd.map(text => `Bearer ${encode(text)}`),
    ),
    'if-match': seldom(fc.constantFrom('"1"', '*', '"2", "1"', 'W/"1"', '"x,y', '')),
    'content-encoding': seldom(fc.constantFrom('gzip', 'identity', 'br')),
    'x-forwarded-for': seldom(fc.constantFrom('203.0.113.7', '::1', 'x')),
  })
  return all.map(sent =>
    Object.fromEntries(Object.entries(sent).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  )
}

const text = (body: unknown): fc.Arbitrary<string> => {
  const right = JSON.stringify(body) ?? 'null'
  const broken = fc.nat({ max: right.length }).map(at => right.slice(0, at))
  return fc.oneof(
    { weight: 40, arbitrary: fc.constant(right) },
    { weight: 1, arbitrary: broken },
    { weight: 1, arbitrary: odd },
  )
}

const contentType = fc.oneof(
  { weight: 40, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-8',
      'text/plain',
      'application/x-www-form-urlencoded',
      '',
    ),
  },
)

function adminRequest(known: Known): fc.Arbitrary<WireRequest> {
  return fc.oneof(
    ...adminRoutes(known).map(({ target, methods, body }) =>
      fc
        .tuple(fc.constantFrom(...methods), target, headers(known), contentType, body.chain(text))
        .map(([method, path, sent, type, written]) => ({
          method,
          target: path,
          headers: { ...sent, 'content-type': type },
          ...(method !== 'GET' && method !== 'HEAD' && { body: written }),
        })),
    ),
  )
}

/** Form parameters, some of them twice, some misspelt. */
function tokenRequest(known: Known): fc.Arbitrary<WireRequest> {
  const credentials = pick(known.credentials, fc.tuple(odd, odd))
  const parameter = fc.oneof(
    fc.tuple(
      fc.constant('grant_type'),
      fc.constantFrom('client_credentials', 'authorization_code', 'refresh_token', 'password'),
    ),
    fc.tuple(fc.constantFrom('audience', 'resource'), fc.oneof(audience, odd)),
    fc.tuple(fc.constant('scope'), fc.oneof(scope, odd)),
    fc.tuple(
      fc.constantFrom('Scope', 'scope[0]', 'client_id[$ne]', 'code', 'refresh_token', 'client_assertion', 'x'),
      odd,
    ),
  )
  const parameters = fc
    .tuple(fc.boolean(), fc.array(parameter, { maxLength: 3 }))
    .map(([isUsual, list]) =>
      isUsual
        ? [['grant_type', 'client_credentials'] as [string, string], ...list.filter(([name]) => name !== 'grant_type')]
        : list,
    )
  return fc
    .tuple(
      credentials,
      parameters,
      fc.constantFrom('basic', 'basic', 'post', 'json', 'both', 'none'),
      fc.constantFrom(...Array(12).fill('POST'), 'GET', 'PUT'),
    )
    .map(([[id, value], list, how, method]) => {
      const basic = { authorization: `Basic ${Buffer.from(`${id}:${value}`).toString('base64')}` }
      const inBody = how === 'post' || how === 'both' || how === 'json'
      const all = inBody ? [...list, ['client_id', id] as const, ['client_secret', value] as const] : list
      const form = all.map(([name, member]) => `${encode(name)}=${encode(member)}`).join('&')
      const type = how === 'json' ? 'application/json' : 'application/x-www-form-urlencoded'
      return {
        method,
        target: '/oauth/token',
        headers: { 'content-type': type, ...((how === 'basic' || how === 'both') && basic) },
        ...(method !== 'GET' && { body: how === 'json' ? JSON.stringify(Object.fromEntries(all)) : form }),
      }
    })
}

function publicRequest(): fc.Arbitrary<WireRequest> {
  const paths = [
    '/.well-known/jwks.json',
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/authorize',
    '/oauth/token/',
    '/guarded',
    '/nothing',
  ]
  return fc
    .tuple(
      fc.constantFrom(...paths),
      odd,
      fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE'),
      fc.oneof(fc.constant('*'), odd.map(encode)),
    )
    .map(([path, value, method, tag]) => ({
      method,
      target: `${path}?x=${encode(value)}`,
      headers: { 'if-none-match': tag, authorization: `Bearer ${encode(value)}` },
    }))
}

/** Any request to any route. */
export function anyRequest(known: Known): fc.Arbitrary<WireRequest> {
  return fc.oneof(
    { weight: 6, arbitrary: adminRequest(known) },
    { weight: 3, arbitrary: tokenRequest(known) },
    { weight: 1, arbitrary: publicRequest() },
  )
}
