import type { TokenEndpointDetail } from '../../details.js'
import { InvalidScopeError } from '../../errors.js'
import { formatScope, OIDC_SCOPES, parseScope } from '../../scope.js'
import type { ApiRecord } from '../../store/records.js'
import type { Target } from './audience.js'

/** What is granted: the scope as text, and those of its scopes that stand in the API's catalogue. */
export interface GrantedScope {
  scope: string
  permissions: readonly string[]
}

const catalogues = new WeakMap<ApiRecord, ReadonlySet<string>>()

/** The values of the API's permissions, in their order. */
export function catalogueOf(api: ApiRecord): ReadonlySet<string> {
  let catalogue = catalogues.get(api)
  if (catalogue === undefined) {
    catalogue = new Set(api.permissions.map(({ value }) => value))
    catalogues.set(api, catalogue)
  }
  return catalogue
}

/**
 * Reads the scope parameter as a list, repeats included.
 * @returns empty where nothing is asked
 * @throws InvalidScopeError the text breaks the grammar (RFC 6749 §3.3)
 */
export function readScopeParameter(parameters: ReadonlyMap<string, string>): string[] {
  const text = parameters.get('scope') ?? ''
  if (parseScope(text) === null) throw invalidScope('scope_grammar')
  return text === '' ? [] : text.split(' ')
}

/**
 * Applies the API's policy and the client's ceiling to what a client asks for itself (RFC 6749 §3.3, §4.4).
 * Nothing asked is the whole catalogue. Scopes of OpenID Connect and `offline_access` have no meaning without a user
 * and are dropped.
 *
 * @throws InvalidScopeError nothing of what was asked, or of what the client may have, is left
 */
export function grantOwnScope(requested: readonly string[], { api, ceiling }: Target): GrantedScope {
  if (ceiling?.size === 0) throw invalidScope('empty_api_grant')
  const catalogue = catalogueOf(api)
  const candidates = requested.length === 0 ? [...catalogue] : requested
  const allowed = candidates.filter(scope => !OIDC_SCOPES.has(scope) && (ceiling?.has(scope) ?? true))
  if (candidates.length > 0 && allowed.length === 0) throw invalidScope('no_scope_left')
  const permissions = [...new Set(allowed)].filter(scope => catalogue.has(scope))
  if (!api.enforce_policies) return { scope: formatScope(allowed), permissions }
  if (candidates.length > 0 && permissions.length === 0) throw invalidScope('no_scope_left')
  return { scope: formatScope(permissions), permissions }
}

export function invalidScope(detail: TokenEndpointDetail): InvalidScopeError {
  return new InvalidScopeError('The scope is malformed, or not available to this client.', { detail })
}
