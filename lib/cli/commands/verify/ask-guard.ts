import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { ClaimDemand, KeySetSeed } from '../../../resource-server/options/options.js'
import { resourceServer } from '../../../resource-server/resource-server.js'
import { OAuthError } from '../../../errors.js'
import { UsageError } from '../../faults.js'
import type { Io } from '../../io.js'
import type { Demands } from './settings.js'

/** Demands, and what one run of the guard needs besides. */
export interface Run extends Demands {
  issuer: string
  /** Milliseconds since the epoch. */
  now: number
  /** The keys that an earlier run has fetched. */
  keys: KeySetSeed
}

export interface Answer {
  /** undefined: the guard lets it pass. */
  detail: string | undefined
  keys: KeySetSeed
  /** Why the key set cannot be had. */
  fetchFailure: string | undefined
}

/**
 * Presents a token to a guard, as a request would, and gives its answer. The token goes nowhere else.
 * @throws UsageError an option is one that no guard takes
 */
export async function askGuard(io: Pick<Io, 'fetch'>, token: string, run: Run): Promise<Answer> {
  let fetchFailure: string | undefined
  const { guard, exportKeys } = createGuard(io, run, failure => {
    fetchFailure = failure
  })
  const req = new IncomingMessage(new Socket())
  Object.assign(req, { method: 'GET', url: '/', headers: { authorization: `Bearer ${token}` } })
  const error = await new Promise<unknown>(resolve => guard(req, new ServerResponse(req), resolve))
  if (error !== undefined && !(error instanceof OAuthError)) throw error
  return { detail: error?.detail ?? (error === undefined ? undefined : 'unknown'), keys: exportKeys(), fetchFailure }
}

function createGuard(io: Pick<Io, 'fetch'>, run: Run, onFailure: (failure: string) => void) {
  const { jwks, issuer, allowInsecureRequests, scopes, now, keys } = run
  const [scope, ...further] = scopes
  try {
    const { requireAuth, requireScope, exportKeys } = resourceServer({
      issuer: { issuer, ...(jwks === undefined ? { allowInsecureRequests } : { jwksUri: KEYS_OF_FILE }) },
      audience: run.audience,
      algorithms: run.algorithms,
      clockTolerance: run.clockTolerance,
      strict: run.strict,
      requiredClaims: run.requiredClaims,
      claims: run.claims as Record<string, ClaimDemand>,
      cache: false,
      clock: { now: () => now },
      fetch: jwks === undefined ? io.fetch : async () => Response.json(jwks),
      keySet: { seed: keys.map(set => ({ ...set, fetchedAt: now })) },
      errors: 'next',
      onEvent(event) {
        if (event.type === 'key_set_failed') onFailure([event.code, event.httpStatus].filter(Boolean).join(' '))
        if (event.type === 'metadata_issuer_mismatch') onFailure(`the metadata is that of ${event.found}`)
      },
    })
    return { guard: scope === undefined ? requireAuth() : requireScope(scope, ...further), exportKeys }
  } catch (error) {
    throw new UsageError(String(Object(error).message))
  }
}

/** Where the keys of a file are to be had; nothing is ever fetched from there. */
const KEYS_OF_FILE = 'https://file.invalid/jwks.json'
