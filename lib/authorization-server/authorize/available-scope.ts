import { InvalidScopeError } from '../../errors.js'
import { OIDC_SCOPES } from '../../scope.js'
import type { ClientRecord } from '../../store/records.js'
import type { Target } from '../tokens/audience.js'
import { type OnDropped, whyNotLasting } from '../tokens/dropped.js'
import { withinPolicy } from '../tokens/scope-policy.js'

/** What may be granted of what is asked, before the user is known. */
export interface AvailableScope {
  /** Of the API, in the order in which it was asked. */
  api: readonly string[]
  /** `openid`, `profile`, `email`, `offline_access`. */
  own: readonly string[]
}

/** Those that are served. The others of OpenID Connect are dropped. */
export const SERVED = ['openid', 'profile', 'email'] as const
/** Those that are dropped. */
const NOT_SERVED = ['phone', 'address'] as const

/** Is nothing asked but scopes of OpenID Connect, one that is served at least? */
export function isSignInAlone(requested: readonly string[]): boolean {
  return requested.every(scope => OIDC_SCOPES.has(scope)) && SERVED.some(scope => requested.includes(scope))
}

/**
 * Applies the API's policy and the client's ceiling to what is asked for a user. Nothing asked is nothing of the API.
 *
 * @param target absent: there is no API
 * @param onDropped told of what is asked of an API, before a refusal too
 * @throws InvalidScopeError something of the API was asked, and nothing of it is left
 */
export function availableScope(
  requested: readonly string[],
  target: Target | undefined,
  client: ClientRecord,
  onDropped?: OnDropped,
): AvailableScope {
  const own: string[] = SERVED.filter(scope => requested.includes(scope))
  if (target === undefined) return { api: [], own }
  const { api, ceiling } = target
  if (requested.includes('offline_access')) {
    const reason = whyNotLasting(api, client)
    if (reason === undefined) own.push('offline_access')
    else onDropped?.('offline_access', reason)
  }
  for (const scope of NOT_SERVED) if (requested.includes(scope)) onDropped?.(scope, 'openid_scope')
  const asked = [...new Set(requested)].filter(scope => !OIDC_SCOPES.has(scope))
  const left = withinPolicy(asked, target, onDropped)
  if (asked.length > 0 && left.length === 0) {
    throw new InvalidScopeError('None of the scopes is available to this client.', {
      detail: ceiling?.size === 0 ? 'empty_api_grant' : 'no_scope_left',
    })
  }
  return { api: left, own }
}
