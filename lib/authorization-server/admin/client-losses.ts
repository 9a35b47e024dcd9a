import { OIDC_SCOPES } from '../../scope.js'
import type { ClientRecord } from '../../store/records.js'
import type { ConsentRecord, GrantRecord } from '../../store/user-records.js'
import { ceilingFor } from '../tokens/audience.js'
import type { ApiGrantsMode } from '../tokens/token-services.js'

/** Has the client less after an update: of an API, of its grant types, or of its secrets? */
export function narrows(before: ClientRecord, after: ClientRecord, mode: ApiGrantsMode): boolean {
  if (after.secrets.length < before.secrets.length) return true
  if (!before.grant_types.every(type => after.grant_types.includes(type))) return true
  const { api_grants = [] } = after
  if (before.api_grants === undefined) return after.api_grants !== undefined && mode === 'open'
  return before.api_grants.some(({ audience, scope }) => {
    const left = new Set(api_grants.find(grant => grant.audience === audience)?.scope)
    return scope.some(value => !left.has(value))
  })
}

/** Which grants and consents of users would be worth less after an update of the client. */
export function losesOfClient(
  before: ClientRecord,
  after: ClientRecord,
  mode: ApiGrantsMode,
): (record: Pick<GrantRecord | ConsentRecord, 'audience' | 'api_id' | 'scope'>) => boolean {
  const endsOffline = before.grant_types.includes('refresh_token') && !after.grant_types.includes('refresh_token')
  const tests = new Map<string, Loses>()

  function testOf(audience: string): Loses {
    let test = tests.get(audience)
    if (test === undefined) {
      test = lossOf(ceilingFor(before, audience, mode), ceilingFor(after, audience, mode))
      tests.set(audience, test)
    }
    return test
  }

  return ({ audience, api_id, scope }) => {
    if (endsOffline && scope.includes('offline_access')) return true
    return api_id !== undefined && testOf(audience)(scope)
  }
}

/** Is an authorization of these scopes of one API worth less? */
type Loses = (scopes: readonly string[]) => boolean

type Ceiling = ReturnType<typeof ceilingFor>

function lossOf(before: Ceiling, after: Ceiling): Loses {
  if (isClosed(before)) return () => false
  // Where nothing of the API is granted any more, the authorization is worth nothing, OpenID Connect included.
  if (isClosed(after)) return () => true
  const isLost = (scope: string): boolean =>
    !OIDC_SCOPES.has(scope) && (before?.has(scope) ?? true) && after?.has(scope) === false
  return scopes => scopes.some(isLost)
}

const isClosed = (ceiling: Ceiling): boolean => ceiling === null || ceiling?.size === 0
