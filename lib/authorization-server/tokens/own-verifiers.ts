import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { memoize } from '../../memoize.js'
import { createVerifier, type Verifier } from '../../resource-server/token/verify-access-token.js'
import type { Account } from '../context/context.js'
import type { SigningKeys } from '../keys/signing-keys.js'

/** How long a verifier uses the key set it has, in milliseconds. */
const KEY_SET_AGE = 30_000

/** Verifiers that are kept, one or two for each account. Each keeps verified tokens, and headers of tokens, of about 200 KB. */
const MAX_VERIFIERS = 250
const RESULTS = { maxEntries: 100, maxBytes: 65_536 }

/** @param audience null: whatever the token is for */
export type OwnVerifiers = (account: Account, audience: string | null) => Verifier

/**
 * Makes verifiers of what the accounts themselves have signed, as any backend verifies it. The keys are read in this
 * process: no socket is opened. Other keys make another verifier, which knows none of what the deleted ones have signed.
 * All that a server has share one bound.
 */
export function createOwnVerifiers({ clock, signingKeys }: { clock: Clock; signingKeys: SigningKeys }): OwnVerifiers {
  const known = new LRUCache<string, Verifier>({ max: MAX_VERIFIERS })
  return (account, audience) => {
    const { name, issuer } = account
    return memoize<string, Verifier>(known, JSON.stringify([name, issuer, audience, signingKeys.version(name)]), () =>
      createVerifier({
        // Whatever its scheme, nothing goes over a network.
        issuer: { issuer, allowInsecureRequests: true },
        audience,
        clock,
        fetch: createLocalFetch(account, signingKeys),
        keySet: { uri: keySetOf(account), cacheMaxAge: KEY_SET_AGE },
        cache: RESULTS,
      }),
    )
  }
}

const keySetOf = ({ issuer }: Account): string => `${issuer}/.well-known/jwks.json`

/** Answers the requests of a verifier from this process. */
function createLocalFetch(account: Account, signingKeys: SigningKeys): typeof fetch {
  return async function localFetch(input) {
    const url = input instanceof Request ? input.url : String(input)
    if (url !== keySetOf(account)) return new Response(null, { status: 404 })
    const headers = { 'Content-Type': 'application/json' }
    return new Response(JSON.stringify(await signingKeys.publicKeys(account.name)), { headers })
  }
}
