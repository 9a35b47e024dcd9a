import { eq } from '../../query/tree.js'
import { OIDC_SCOPES } from '../../scope.js'
import type { ApiRecord, ClientRecord } from '../../store/records.js'
import type { ConsentRecord, GrantRecord } from '../../store/user-records.js'
import { catalogueOf } from '../tokens/scope-policy.js'
import { losesOfClient, narrows } from './client-losses.js'
import type { AdminCall } from './resource.js'
import { createTally, type Tally } from './tally.js'

/** What a change or a removal would do to others. */
export interface Effects {
  /** Ids of clients that would lose something: 100 at most. */
  clients: string[]
  /** Grants of users that would end, or lose a scope. */
  grants: number
  /** Consents of users that would be removed, or name a scope that nobody can have any more. */
  consents: number
  /** Values of permissions that the API would not have any more. */
  permissions_removed: string[]
  /** Present where a bound was reached: there is more. */
  incomplete?: true
}

/** @param after null: the API is removed */
export async function effectsOnApi(call: AdminCall, before: ApiRecord, after: ApiRecord | null): Promise<Effects> {
  const tally = createTally()
  const left = after === null ? undefined : catalogueOf(after)
  const removed = new Set([...catalogueOf(before)].filter(value => left?.has(value) !== true))
  const loses = after === null ? () => true : losesOfApi(before, after, removed)
  if (loses === undefined) return effectsOf(tally, {})
  const { identifier } = before
  const isLess = ({ scope }: { scope: readonly string[] }): boolean => after === null || scope.some(loses)
  const holds = ({ api_grants = [] }: ClientRecord): boolean =>
    api_grants.some(grant => grant.audience === identifier && isLess(grant))
  await tally.count(clientsWith(call, 'api_grants.audience', identifier), holds, idOf)
  if (after === null) await tally.count(clientsWith(call, 'default_audience', identifier), () => true, idOf)
  const counts = await countAuthorizations(call, tally, ['api_id', before.id], isLess)
  return effectsOf(tally, { ...counts, permissions_removed: [...removed] })
}

/** Which scopes could be had of the API before and not after; undefined: every one that could still can. */
function losesOfApi(
  before: ApiRecord,
  after: ApiRecord,
  removed: ReadonlySet<string>,
): ((scope: string) => boolean) | undefined {
  const isTightened = after.enforce_policies && !before.enforce_policies
  const endsOffline = before.allow_offline_access && !after.allow_offline_access
  if (removed.size === 0 && !isTightened && !endsOffline) return undefined
  const left = catalogueOf(after)
  return scope => {
    if (OIDC_SCOPES.has(scope)) return endsOffline && scope === 'offline_access'
    return removed.has(scope) || (isTightened && !left.has(scope))
  }
}

/** @param after null: the client is removed */
export async function effectsOnClient(
  call: AdminCall,
  before: ClientRecord,
  after: ClientRecord | null,
): Promise<Effects> {
  const tally = createTally()
  const { apiGrants } = call.context
  if (after === null || narrows(before, after, apiGrants)) tally.client(before.id)
  else return effectsOf(tally, {})
  const loses = after === null ? () => true : losesOfClient(before, after, apiGrants)
  return effectsOf(tally, await countAuthorizations(call, tally, ['client_id', before.id], loses))
}

type Authorized = GrantRecord | ConsentRecord

async function countAuthorizations(
  { context: { records }, account: { name: account } }: AdminCall,
  tally: Tally,
  [field, id]: readonly ['api_id' | 'client_id', string],
  loses: (record: Authorized) => boolean,
): Promise<Pick<Effects, 'grants' | 'consents'>> {
  const filter = eq(field, id)
  const clientOf = ({ client_id }: Authorized): string => client_id
  return {
    grants: await tally.count({ collection: records.grants, account, filter }, loses, clientOf),
    consents: await tally.count({ collection: records.consents, account, filter }, loses, clientOf),
  }
}

function clientsWith({ context, account }: AdminCall, path: string, value: string) {
  return { collection: context.records.clients, account: account.name, filter: eq(path, value) }
}

const idOf = ({ id }: ClientRecord): string => id

function effectsOf(tally: Tally, counted: Partial<Effects>): Effects {
  const none = { grants: 0, consents: 0, permissions_removed: [] }
  return { clients: tally.clients(), ...none, ...counted, ...(tally.isCut() && { incomplete: true }) }
}
