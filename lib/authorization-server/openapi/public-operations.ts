import type { Answer, PublicOperation, QueryParameter } from './operation.js'
import {
  ACCESS_TOKEN_FORM,
  INTROSPECTION,
  KEY_SET,
  METADATA,
  TOKEN_QUESTION,
  TOKEN_REQUEST,
  TOKEN_RESPONSE,
  USER_INFO,
} from './public-schemas.js'
import { type JsonSchema, TEXT } from './schema.js'

/** What the server's routers share of the schemes: their names. */
export const CLIENT_SCHEME = 'clientSecretBasic'
export const ACCESS_TOKEN_SCHEME = 'accessToken'

/** By Basic, or by what stands in the body. */
const CLIENT = [{ [CLIENT_SCHEME]: [] }, {}]
const OPEN = [{}]
const USER_TOKEN = [{ [ACCESS_TOKEN_SCHEME]: ['openid'] }]

const FORM = 'application/x-www-form-urlencoded'
const EITHER = [FORM, 'application/json']

export const ISSUE_TOKEN: PublicOperation = {
  operationId: 'issueToken',
  summary: 'Get an access token (RFC 6749)',
  refusals: 'oauth',
  security: CLIENT,
  body: { schema: TOKEN_REQUEST, types: EITHER },
  answers: { 200: { description: 'The token.', schema: TOKEN_RESPONSE } },
  refuses: [400, 401, 429],
}
export const REVOKE_TOKEN: PublicOperation = {
  operationId: 'revokeToken',
  summary: 'Revoke a refresh token, and where it is allowed an access token (RFC 7009)',
  refusals: 'oauth',
  security: CLIENT,
  body: { schema: TOKEN_QUESTION, types: EITHER },
  answers: { 200: { description: 'It is worth nothing any more, or was none.' } },
  refuses: [400, 401, 429],
}
export const INTROSPECT_TOKEN: PublicOperation = {
  operationId: 'introspectToken',
  summary: 'Ask what a token is worth (RFC 7662)',
  refusals: 'oauth',
  security: CLIENT,
  body: { schema: TOKEN_QUESTION, types: EITHER },
  answers: { 200: { description: 'What the issuer knows of it.', schema: INTROSPECTION } },
  refuses: [400, 401, 429],
}

const CLAIMS = { 200: { description: 'The claims that the scopes of the token ask for.', schema: USER_INFO } }

export const READ_USER_INFO: PublicOperation = {
  operationId: 'readUserInfo',
  summary: 'Ask who the user of an access token is (OpenID Connect Core, section 5.3)',
  refusals: 'oauth',
  security: USER_TOKEN,
  answers: CLAIMS,
  refuses: [400, 401, 403, 429],
}
export const POST_USER_INFO: PublicOperation = {
  ...READ_USER_INFO,
  operationId: 'postUserInfo',
  summary: 'The same; the access token may stand in a form',
  security: [...USER_TOKEN, {}],
  body: { schema: ACCESS_TOKEN_FORM, types: [FORM], isOptional: true },
}

const parameter = (description: string, schema: JsonSchema = TEXT): QueryParameter => ({ description, schema })

const AUTHORIZATION: Readonly<Record<string, QueryParameter>> = {
  client_id: { ...parameter('The client.'), required: true },
  redirect_uri: parameter('One of its callbacks, byte for byte.'),
  response_type: parameter('`code`.'),
  scope: parameter('Scopes, separated by blanks.'),
  audience: parameter('The identifier of the API.'),
  resource: parameter('The same as audience (RFC 8707).'),
  state: parameter('Comes back as it is.'),
  nonce: parameter('Stands in the ID token.'),
  code_challenge: parameter('SHA-256 of the verifier, base64url (RFC 7636).'),
  code_challenge_method: parameter('`S256`.'),
  response_mode: parameter('`query`.'),
  prompt: parameter('`none`, `login`, `consent`, `select_account`.'),
  max_age: parameter('Seconds since the sign-in, at most.'),
  login_hint: parameter('Who is to sign in.'),
}

const SENT_ON: Readonly<Record<number, Answer>> = {
  303: { description: 'To the sign-in, to the consent page, or back to the client.', headers: ['Location'] },
}

export const AUTHORIZE: PublicOperation = {
  operationId: 'authorize',
  summary: 'Begin an authorization in the browser of a user (RFC 6749 section 4.1)',
  refusals: 'page',
  security: OPEN,
  query: AUTHORIZATION,
  answers: SENT_ON,
  refuses: [429],
}
export const POST_AUTHORIZE: PublicOperation = {
  operationId: 'postAuthorize',
  summary: 'The same, with the parameters in a form',
  refusals: 'page',
  security: OPEN,
  body: {
    schema: {
      type: 'object',
      required: ['client_id'],
      properties: Object.fromEntries(Object.entries(AUTHORIZATION).map(([name, { schema }]) => [name, schema])),
    },
    types: [FORM],
  },
  answers: SENT_ON,
  refuses: [429],
}
export const CONTINUE_AUTHORIZATION: PublicOperation = {
  operationId: 'continueAuthorization',
  summary: 'Go on with an authorization: sign-in, consent, or the answer to the client',
  refusals: 'page',
  security: OPEN,
  answers: { 200: { description: 'The consent page.', isPage: true }, ...SENT_ON },
  refuses: [429],
}
export const DECIDE_AUTHORIZATION: PublicOperation = {
  operationId: 'decideAuthorization',
  summary: 'Send the form of the consent page',
  refusals: 'page',
  security: OPEN,
  body: {
    schema: {
      type: 'object',
      required: ['anti_forgery', 'decision'],
      properties: {
        anti_forgery: TEXT,
        decision: { type: 'string', enum: ['allow', 'deny'] },
        scope: { type: 'array', items: TEXT },
      },
    },
    types: [FORM],
  },
  answers: SENT_ON,
  refuses: [429],
}

const document = (description: string, schema: JsonSchema): Readonly<Record<number, Answer>> => ({
  200: { description, schema, headers: ['ETag', 'Cache-Control'] },
  304: { description: 'It is the one that If-None-Match names.', headers: ['ETag', 'Cache-Control'] },
})

export const READ_KEY_SET: PublicOperation = {
  operationId: 'readKeySet',
  summary: 'The public keys of the account (RFC 7517)',
  refusals: 'oauth',
  security: OPEN,
  answers: document('The keys.', KEY_SET),
}
export const READ_SERVER_METADATA: PublicOperation = {
  operationId: 'readServerMetadata',
  summary: 'What the server can do, and where (RFC 8414)',
  refusals: 'oauth',
  security: OPEN,
  answers: document('The metadata.', METADATA),
}
export const READ_PROVIDER_METADATA: PublicOperation = {
  ...READ_SERVER_METADATA,
  operationId: 'readProviderMetadata',
  summary: 'The same, where OpenID Connect Discovery has it',
}

export const READ_DOCUMENT: PublicOperation = {
  operationId: 'readOpenApi',
  summary: 'This document',
  refusals: 'oauth',
  security: OPEN,
  answers: document('The document.', { type: 'object' }),
}
