import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { OAuthError, UnauthenticatedError } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import { type Authenticate, createAuthenticate } from '../../resource-server/guard/authenticate.js'
import { challengesOf } from '../../resource-server/guard/challenges.js'
import { memoize } from '../../memoize.js'
import { insufficient, refuse } from '../../resource-server/contract/refuse.js'
import type { AuthInfo } from '../../resource-server/contract/types.js'
import { createVerifier } from '../../resource-server/token/verify-access-token.js'
import { type Account, type AuthorizeAdmin, MANAGEMENT_AUDIENCE, type Registry } from '../context/context.js'
import { managementScopes } from './managers.js'
import { metadataOf } from '../discovery/metadata-router.js'
import type { SigningKeys } from '../keys/signing-keys.js'

/** How long a verifier uses the key set it has, in milliseconds. */
const KEY_SET_AGE = 30_000

/** Verifiers that are kept, one for each account. Each keeps verified tokens, and headers of tokens, of about 200 KB. */
const MAX_VERIFIERS = 250
const RESULTS = { maxEntries: 100, maxBytes: 65_536 }

/**
 * The default check of management calls: a bearer token of this account's issuer for the management API, verified as any
 * backend verifies it, with the scope. The keys are read in this process: no socket is opened. The client is looked up:
 * where it is gone its tokens are too, and where it was narrowed they are worth what it still holds.
 */
export function createAuthorizeAdmin({ clock, signingKeys, registry }: AdminCheckServices): AuthorizeAdmin {
  const known = new LRUCache<string, Authenticate>({ max: MAX_VERIFIERS })

  function authenticatorOf(account: Account): Authenticate {
    return memoize<string, Authenticate>(known, `${account.name} ${account.issuer}`, () => {
      const verifier = createVerifier({
        // Whatever its scheme, nothing goes over a network.
        issuer: { issuer: account.issuer, allowInsecureRequests: true },
        audience: MANAGEMENT_AUDIENCE,
        clock,
        fetch: createLocalFetch(account, signingKeys),
        keySet: { uri: `${account.issuer}/.well-known/jwks.json`, cacheMaxAge: KEY_SET_AGE },
        cache: RESULTS,
      })
      return createAuthenticate(verifier)
    })
  }

  async function scopesOf(auth: AuthInfo, account: Account): Promise<string[]> {
    const client = await registry.client(account.name, auth.clientId)
    if (client === null) throw refuse('client_deleted')
    const ceiling = new Set(managementScopes(client.api_grants))
    return (auth.permissions ?? auth.scopes).filter(scope => ceiling.has(scope))
  }

  return async function authorizeAdmin(req, scope, account) {
    try {
      const auth = await authenticatorOf(account)(req)
      if (auth === undefined) throw new UnauthenticatedError('An access token is needed', { detail: 'no_credential' })
      const scopes = await scopesOf(auth, account)
      if (scopes.includes(scope)) return { scopes }
      throw insufficient('scope_missing', auth)
    } catch (error) {
      throw withChallenge(error, req, scope, account)
    }
  }
}

interface AdminCheckServices {
  clock: Clock
  signingKeys: SigningKeys
  registry: Registry
}

function withChallenge(error: unknown, req: HttpRequest, scope: string, account: Account): unknown {
  if (!(error instanceof OAuthError)) return error
  const challenge = challengesOf(error, req, [scope], { realm: account.issuer })
  if (challenge !== undefined) error.headers = { ...error.headers, 'WWW-Authenticate': challenge }
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
