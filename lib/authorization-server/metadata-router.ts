import { createHash } from 'node:crypto'
import { RequestMethodError } from '../errors.js'
import { oauthErrorHandler } from '../http/error-handler.js'
import { asyncHandler, type Handler, type HttpRequest, type HttpResponse } from '../http/handler.js'
import { sendEmpty, sendJson } from '../http/respond.js'
import type { Account, ServerContext } from './context.js'
import type { SigningKeys } from './signing-keys.js'

/** How long the documents may be kept, in seconds. */
const MAX_AGE = 300

export interface MetadataContext {
  accountOf: ServerContext['accountOf']
  signingKeys: SigningKeys
}

/** The members that RFC 8414 §2 and OpenID Connect Discovery §3 ask for; everything comes from the account's issuer. */
export function metadataOf({ issuer }: Account): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
  }
}

/** `/.well-known/jwks.json`: the public keys of the account. */
export function createKeySetHandler({ accountOf, signingKeys }: MetadataContext): Handler {
  return createDocumentHandler('keySet', req => signingKeys.publicKeys(accountOf(req).name))
}

/** `/.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`. */
export function createMetadataHandler({ accountOf }: Pick<MetadataContext, 'accountOf'>): Handler {
  return createDocumentHandler('metadata', async req => metadataOf(accountOf(req)))
}

/**
 * `/authorize`: answers with an OAuth error, in the response itself: without a registered redirect URI checked,
 * nobody is redirected anywhere (RFC 6749 §4.1.2.1).
 */
export const authorizeHandler: Handler = function authorize(req, res, next) {
  res.setHeader('Cache-Control', 'no-store')
  if (req.method !== 'GET' && req.method !== 'HEAD' && req.method !== 'POST') {
    refuseMethod(req, res, next, 'GET, HEAD, POST')
    return
  }
  const error_description = 'Authorization codes are not issued by this server.'
  sendJson(res, 400, { error: 'unsupported_response_type', error_description })
}

function createDocumentHandler(name: string, read: (req: HttpRequest) => Promise<object>): Handler {
  const handle = asyncHandler(async (req, res, next) => {
    res.setHeader('Access-Control-Allow-Origin', '*')
    if (req.method === 'OPTIONS') sendPreflight(res)
    else if (req.method !== 'GET' && req.method !== 'HEAD') refuseMethod(req, res, next, 'GET, HEAD')
    else {
      await read(req).then(
        document => sendDocument(req, res, document),
        (error: unknown) => oauthErrorHandler(error, req, res, next),
      )
    }
  })
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

function refuseMethod(req: HttpRequest, res: HttpResponse, next: (error?: unknown) => void, allow: string): void {
  const error = new RequestMethodError('The method is not served here.', { headers: { Allow: allow } })
  oauthErrorHandler(error, req, res, next)
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
