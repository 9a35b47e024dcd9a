import type { TokenEndpointDetail } from '../../details.js'
import { InvalidScopeError } from '../../errors.js'
import { formatScope, OIDC_SCOPES, parseScope } from '../../scope.js'
import type { ApiRecord } from '../../store/records.js'
import type { Target } from './audience.js'
import type { OnDropped } from './dropped.js'

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
 * @param onDropped told of what was asked, before a refusal too
 * @throws InvalidScopeError nothing of what was asked, or of what the client may have, is left
 */
export function grantOwnScope(requested: readonly string[], target: Target, onDropped?: OnDropped): GrantedScope {
  const { api, ceiling } = target
  const catalogue = catalogueOf(api)
  const isAsked = requested.length > 0
  const candidates = isAsked ? requested : [...catalogue]
  const left = withinPolicy(withoutOidc(candidates, onDropped), target, isAsked ? onDropped : undefined)
  if (ceiling?.size === 0) throw invalidScope('empty_api_grant')
  if (candidates.length > 0 && left.length === 0) throw invalidScope('no_scope_left')
  const unique = [...new Set(left)]
  if (api.enforce_policies) return { scope: formatScope(unique), permissions: unique }
  return { scope: formatScope(left), permissions: unique.filter(scope => catalogue.has(scope)) }
}

function withoutOidc(scopes: readonly string[], onDropped?: OnDropped): string[] {
  return scopes.filter(scope => {
    const isOwn = OIDC_SCOPES.has(scope)
    if (isOwn) onDropped?.(scope, 'openid_scope')
    return !isOwn
  })
}

/** What the API's catalogue, where it is enforced, and the client's ceiling leave of scopes of the API, in their order. */
export function withinPolicy(
  scopes: readonly string[],
  { api, ceiling }: Target,
  onDropped?: OnDropped,
): readonly string[] {
  const catalogue = api.enforce_policies ? catalogueOf(api) : undefined
  return scopes.filter(scope => {
    if (catalogue?.has(scope) === false) onDropped?.(scope, 'not_in_catalogue')
    else if (ceiling?.has(scope) === false) onDropped?.(scope, 'outside_api_grants')
    else return true
    return false
  })
}

export function invalidScope(detail: TokenEndpointDetail): InvalidScopeError {
  return new InvalidScopeError('The scope is malformed, or not available to this client.', { detail })
}
