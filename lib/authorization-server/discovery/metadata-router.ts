import { createHash } from 'node:crypto'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { assertMethod } from '../../http/method.js'
import { sendEmpty, sendJson } from '../../http/respond.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account } from '../context/context.js'
import type { SigningKeys } from '../keys/signing-keys.js'

/** How long the documents may be kept, in seconds. */
const MAX_AGE = 300

/** What the server can do, as far as its metadata says so. */
export interface MetadataSettings {
  /** Are there users, so that codes, refresh tokens and ID tokens are issued? */
  users: boolean
  /** Can they be signed out here (OpenID Connect RP-Initiated Logout §2)? Default: no, their sessions are the host's. */
  endSession?: boolean
}

/** How a client with a secret may authenticate. */
const CONFIDENTIAL = ['client_secret_basic', 'client_secret_post']
const ANY_CLIENT = [...CONFIDENTIAL, 'none']

/** The members that RFC 8414 §2 and OpenID Connect Discovery §3 ask for; everything comes from the account's issuer. */
export function metadataOf({ issuer }: Account, { users, endSession = false }: MetadataSettings): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    grant_types_supported: ['client_credentials', ...(users ? ['authorization_code', 'refresh_token'] : [])],
    token_endpoint_auth_methods_supported: ANY_CLIENT,
    code_challenge_methods_supported: ['S256'],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ANY_CLIENT,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: CONFIDENTIAL,
    ...(users && userMembers(issuer)),
    ...(users && endSession && { end_session_endpoint: `${issuer}/logout` }),
  }
}

function userMembers(issuer: string): object {
  return {
    userinfo_endpoint: `${issuer}/userinfo`,
    response_modes_supported: ['query'],
    // RFC 9207 §3.
    authorization_response_iss_parameter_supported: true,
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'azp', 'at_hash'],
  }
}

/** `/.well-known/jwks.json`: the public keys of the account. */
export function createKeySetHandler(signingKeys: SigningKeys): AccountHandler {
  return createDocumentHandler('keySet', ({ name }) => signingKeys.publicKeys(name))
}

/** `/.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`. */
export function createMetadataHandler(settings: MetadataSettings): AccountHandler {
  return createDocumentHandler('metadata', async account => metadataOf(account, settings))
}

/** Serves a JSON document that anybody may read and keep for a while, by GET and HEAD, with its ETag. */
export function createDocumentHandler(
  name: string,
  read: (account: Account, req: HttpRequest) => Promise<object>,
): AccountHandler {
  const handle: AccountHandler = async (req, res, account) => {
    // Errors too may be read by pages of every origin.
    if (!res.headersSent) res.setHeader('Access-Control-Allow-Origin', '*')
    if (req.method === 'OPTIONS') return sendPreflight(res)
    assertMethod(req, ['GET', 'HEAD'])
    sendDocument(req, res, await read(account, req))
  }
  Object.defineProperty(handle, 'name', { value: name })
  return handle
}

/** Browsers ask first where a client sends headers of its own. */
function sendPreflight(res: HttpResponse): void {
  sendEmpty(res, 204, {
    'Access-Control-Allow-Methods': 'GET, HEAD',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Max-Age': String(MAX_AGE),
  })
}

function sendDocument(req: HttpRequest, res: HttpResponse, document: object): void {
  const etag = `"${createHash('sha256').update(JSON.stringify(document)).digest('base64url')}"`
  const headers = { 'Cache-Control': `public, max-age=${MAX_AGE}`, ETag: etag }
  if (matches(req.headers['if-none-match'], etag)) sendEmpty(res, 304, headers)
  else sendJson(res, 200, document, { ...headers, 'Content-Type': 'application/json' })
}

/** Weak comparison, as RFC 9110 §13.1.2 wants for If-None-Match. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some(item => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag)
}
