import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import {
  InsufficientScopeError,
  InvalidRequestError,
  InvalidTokenError,
  OAuthError,
  UnauthenticatedError,
} from '../errors.js'
import { formatChallenge } from '../http/challenge.js'
import type { HttpRequest } from '../http/handler.js'
import { isB64Token, readCredential } from '../resource-server/bearer-token.js'
import type { AccessTokenVerifier, AuthInfo } from '../resource-server/types.js'
import { createVerifier } from '../resource-server/verify-access-token.js'
import { type Account, type AuthorizeAdmin, MANAGEMENT_AUDIENCE } from './context.js'
import { metadataOf } from './metadata-router.js'
import type { SigningKeys } from './signing-keys.js'

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
    const error = new InsufficientScopeError('The access token does not carry the scope that is needed.')
    throw challenge(error, account, { scope })
  }
}

async function authenticate(req: HttpRequest, account: Account, verifier: AccessTokenVerifier): Promise<AuthInfo> {
  const token = readToken(req, account)
  try {
    return await verifier.verify(token)
  } catch (error) {
    if (error instanceof InvalidTokenError && !isB64Token(token)) {
      throw challenge(new InvalidRequestError('The access token is malformed.'), account)
    }
    throw error instanceof InvalidTokenError ? challenge(error, account) : error
  }
}

function readToken(req: HttpRequest, account: Account): string {
  try {
    const credential = readCredential(req, { formBody: false, dpop: false })
    if (credential !== undefined) return credential.token
  } catch (error) {
    throw error instanceof OAuthError ? challenge(error, account) : error
  }
  throw challenge(new UnauthenticatedError('An access token is needed.'), account)
}

/** RFC 6750 §3: no error code where no token was presented. */
function challenge<E extends OAuthError>(error: E, account: Account, more: Record<string, string> = {}): E {
  const code = error.error === undefined ? {} : { error: error.error, error_description: error.message }
  error.headers = {
    ...error.headers,
    'WWW-Authenticate': formatChallenge('Bearer', { realm: account.issuer, ...code, ...more }),
  }
  return error
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
