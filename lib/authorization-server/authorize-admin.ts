import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import {
  type Headers,
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  OAuthError,
  UnauthenticatedError,
} from '../errors.js'
import { formatChallenge } from '../http/challenge.js'
import type { HttpRequest } from '../http/handler.js'
import { isB64Token, readBearerToken } from '../resource-server/bearer-token.js'
import type { AccessTokenVerifier, AuthInfo } from '../resource-server/types.js'
import { createVerifier } from '../resource-server/verify-access-token.js'
import { type Account, type AuthorizeAdmin, MANAGEMENT_AUDIENCE } from './context.js'
import { metadataOf } from './metadata-router.js'
import type { SigningKeys } from './signing-keys.js'

const BAD_TOKEN = 'The access token is invalid, expired, or for another account.'
const MALFORMED = 'The request does not carry exactly one well-formed access token.'

/** How long a verifier uses the key set it has, in milliseconds. */
const KEY_SET_AGE = 30_000

/**
 * The default check of management calls: a bearer token of this account's issuer for the management API, verified as any
 * backend verifies it, with the scope. The keys are read in this process: no socket is opened.
 * One verifier for each account, 1 000 at most.
 */
export function createAuthorizeAdmin({
  clock,
  signingKeys,
}: {
  clock: Clock
  signingKeys: SigningKeys
}): AuthorizeAdmin {
  const verifiers = new LRUCache<string, AccessTokenVerifier>({ max: 1_000 })

  function verifierOf(account: Account): AccessTokenVerifier {
    const key = `${account.name} ${account.issuer}`
    let verifier = verifiers.get(key)
    if (verifier === undefined) {
      verifier = createVerifier({
        issuer: account.issuer,
        audience: MANAGEMENT_AUDIENCE,
        clock,
        fetch: createLocalFetch(account, signingKeys),
        keySet: { uri: `${account.issuer}/.well-known/jwks.json`, cacheMaxAge: KEY_SET_AGE },
      })
      verifiers.set(key, verifier)
    }
    return verifier
  }

  return async function authorizeAdmin(req, scope, account) {
    const auth = await authenticate(req, account, verifierOf(account))
    const scopes = auth.permissions ?? auth.scopes
    if (scopes.includes(scope)) return { scopes }
    throw new InsufficientScopeError('The access token does not carry the scope that is needed.', {
      headers: challengeOf(account, 'insufficient_scope', { scope }),
    })
  }
}

async function authenticate(req: HttpRequest, account: Account, verifier: AccessTokenVerifier): Promise<AuthInfo> {
  const token = readToken(req, account)
  try {
    return await verifier.verify(token)
  } catch (cause) {
    if (!(cause instanceof InvalidTokenError)) throw cause
    if (isB64Token(token))
      throw new InvalidTokenError(BAD_TOKEN, { cause, headers: challengeOf(account, 'invalid_token') })
    throw malformed(account, cause)
  }
}

function readToken(req: HttpRequest, account: Account): string {
  try {
    const token = readBearerToken(req, { formBody: false })
    if (token !== undefined) return token
  } catch (cause) {
    throw cause instanceof OAuthError ? malformed(account, cause) : cause
  }
  throw new UnauthenticatedError('An access token is needed.', { headers: challengeOf(account) })
}

function malformed(account: Account, cause: unknown): InvalidRequestError {
  return new InvalidRequestError(MALFORMED, { cause, headers: challengeOf(account, 'invalid_request') })
}

/** RFC 6750 §3: no error code where no token was presented. */
function challengeOf(account: Account, error?: string, more: Record<string, string> = {}): Headers {
  const parameters = { realm: account.issuer, ...(error !== undefined && { error }), ...more }
  return { 'WWW-Authenticate': formatChallenge('Bearer', parameters) }
}

/** Answers the requests of a verifier from this process. */
function createLocalFetch(account: Account, signingKeys: SigningKeys): typeof fetch {
  return async function localFetch(input) {
    const url = input instanceof Request ? input.url : String(input)
    const headers = { 'Content-Type': 'application/json' }
    if (url === `${account.issuer}/.well-known/jwks.json`) {
      return new Response(JSON.stringify(await signingKeys.publicKeys(account.name)), { headers })
    }
    if (url.includes('/.well-known/')) return new Response(JSON.stringify(metadataOf(account)), { headers })
    return new Response(null, { status: 404 })
  }
}
