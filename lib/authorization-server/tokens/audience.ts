import type { TokenEndpointDetail } from '../../details.js'
import { InvalidRequestError, InvalidTargetError } from '../../errors.js'
import type { ApiRecord, ClientRecord } from '../../store/records.js'
import { type Account, MANAGEMENT_AUDIENCE } from '../context/context.js'
import type { ApiGrantsMode, TokenServices } from './token-services.js'

/** What a client may have of one API: the API, and the ceiling of `api_grants` where the client has one. */
export interface Target {
  api: ApiRecord
  /** Absent: no ceiling. */
  ceiling?: ReadonlySet<string>
}

/**
 * Finds the API that the token is for: `audience`, its alias `resource` (RFC 8707 §2), else the client's default.
 * Compared byte for byte. The management API is only for clients whose `api_grants` name it.
 *
 * @throws InvalidRequestError no audience is named and there is no default
 * @throws InvalidTargetError one text, whatever the reason
 */
export async function resolveTarget(
  parameters: ReadonlyMap<string, string>,
  client: ClientRecord,
  account: Account,
  { registry, apiGrants }: Pick<TokenServices, 'registry' | 'apiGrants'>,
): Promise<Target> {
  const identifier = requestedAudience(parameters) ?? defaultAudience(client)
  if (identifier === undefined) {
    throw new InvalidRequestError('The audience parameter is missing.', { detail: 'no_audience' })
  }
  const ceiling = ceilingFor(client, identifier, apiGrants)
  if (ceiling === null) throw invalidTarget('outside_api_grants')
  const api = await registry.api(account.name, identifier)
  if (api === null) throw invalidTarget('unknown_api')
  return ceiling === undefined ? { api } : { api, ceiling }
}

/**
 * @returns undefined where none is named
 * @throws InvalidTargetError `audience` and its alias `resource` differ
 */
export function requestedAudience(parameters: ReadonlyMap<string, string>): string | undefined {
  const audience = parameters.get('audience') || undefined
  const resource = parameters.get('resource') || undefined
  if (audience !== undefined && resource !== undefined && audience !== resource) {
    throw invalidTarget('audience_and_resource')
  }
  return audience ?? resource
}

function defaultAudience({ default_audience, api_grants }: ClientRecord): string | undefined {
  return default_audience ?? (api_grants?.length === 1 ? api_grants[0]?.audience : undefined)
}

/** What `api_grants` let the client have of the API. undefined: no ceiling; null: nothing. */
export function ceilingFor(
  { api_grants }: ClientRecord,
  identifier: string,
  apiGrants: ApiGrantsMode,
): ReadonlySet<string> | undefined | null {
  if (api_grants === undefined) return identifier === MANAGEMENT_AUDIENCE || apiGrants === 'required' ? null : undefined
  const entries = api_grants.filter(({ audience }) => audience === identifier)
  return entries.length === 0 ? null : new Set(entries.flatMap(({ scope }) => scope))
}

export function invalidTarget(detail: TokenEndpointDetail): InvalidTargetError {
  return new InvalidTargetError('The audience is not available to this client.', { detail })
}
