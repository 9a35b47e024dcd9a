import { closed, EPOCH, type JsonSchema, listOf, named, TEXT } from './schema.js'

const URI: JsonSchema = { type: 'string', format: 'uri' }
const SCOPE: JsonSchema = { type: 'string', description: 'Scopes, separated by blanks (RFC 6749 section 3.3).' }

/** Whoever does not use Basic says here who it is. Other parameters are let be (RFC 6749 section 3.2). */
const CREDENTIALS: Readonly<Record<string, JsonSchema>> = { client_id: TEXT, client_secret: TEXT }

export const TOKEN_REQUEST = named('TokenRequest', {
  type: 'object',
  required: ['grant_type'],
  properties: {
    grant_type: { type: 'string', enum: ['client_credentials', 'authorization_code', 'refresh_token'] },
    ...CREDENTIALS,
    audience: { type: 'string', description: 'The identifier of the API.' },
    resource: { type: 'string', description: 'The same as audience (RFC 8707).' },
    scope: SCOPE,
    ...{ code: TEXT, redirect_uri: TEXT, code_verifier: TEXT, refresh_token: TEXT },
  },
})

export const TOKEN_RESPONSE = named(
  'TokenResponse',
  closed(
    {
      access_token: TEXT,
      token_type: { const: 'Bearer' },
      expires_in: { type: 'integer', minimum: 1 },
      scope: SCOPE,
      refresh_token: TEXT,
      id_token: TEXT,
    },
    ['refresh_token', 'id_token'],
  ),
)

export const TOKEN_QUESTION = named('TokenQuestion', {
  type: 'object',
  required: ['token'],
  properties: { token: TEXT, token_type_hint: TEXT, ...CREDENTIALS },
})

const INACTIVE = closed({ active: { const: false } })
const ACTIVE = closed(
  {
    active: { const: true },
    ...{ scope: SCOPE, client_id: TEXT, sub: TEXT, aud: TEXT, iss: URI, exp: EPOCH, iat: EPOCH },
    ...{ jti: TEXT, token_type: { const: 'Bearer' }, permissions: listOf(TEXT) },
  },
  ['jti', 'token_type', 'permissions'],
)
export const INTROSPECTION = named('Introspection', { oneOf: [INACTIVE, ACTIVE] })

/** Which claims there are is the host's affair. */
export const USER_INFO = named('UserInfo', { type: 'object', required: ['sub'], properties: { sub: TEXT } })

export const ACCESS_TOKEN_FORM = named('AccessTokenForm', { type: 'object', properties: { access_token: TEXT } })

const PUBLIC_KEY = named(
  'PublicKey',
  closed({ kty: { const: 'RSA' }, kid: TEXT, use: { const: 'sig' }, alg: { const: 'RS256' }, n: TEXT, e: TEXT }),
)
export const KEY_SET = named('KeySet', closed({ keys: listOf(PUBLIC_KEY) }))

const LISTS = [
  ...['response_types_supported', 'subject_types_supported', 'id_token_signing_alg_values_supported'],
  ...['grant_types_supported', 'token_endpoint_auth_methods_supported', 'code_challenge_methods_supported'],
  ...['revocation_endpoint_auth_methods_supported', 'introspection_endpoint_auth_methods_supported'],
]
const LISTS_OF_USERS = [
  ...['response_modes_supported', 'prompt_values_supported', 'scopes_supported', 'claims_supported'],
]
const URLS = [
  ...[
    'issuer',
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'revocation_endpoint',
    'introspection_endpoint',
  ],
]
const URLS_OF_USERS = ['userinfo_endpoint', 'end_session_endpoint']
const ISS = 'authorization_response_iss_parameter_supported'

const all = (names: readonly string[], schema: JsonSchema): Record<string, JsonSchema> =>
  Object.fromEntries(names.map(name => [name, schema]))

export const METADATA = named(
  'Metadata',
  closed(
    {
      ...all([...URLS, ...URLS_OF_USERS], URI),
      ...all([...LISTS, ...LISTS_OF_USERS], listOf(TEXT)),
      [ISS]: { const: true },
    },
    [...URLS_OF_USERS, ...LISTS_OF_USERS, ISS],
  ),
)
