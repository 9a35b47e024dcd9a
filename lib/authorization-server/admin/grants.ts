import { GRANT_FIELDS } from '../../query/fields.js'
import { GRANT_KIND, type GrantRecord } from '../../store/user-records.js'
import { originOfCall } from './changes.js'
import { listPage } from './listing.js'
import { type AdminCall, getRecord, removeRecord, sendPage, sendRecord, sendRemoved } from './resource.js'

/** `GET /grants`: one row for each authorization; one that has ended is not there. */
export async function listGrants(call: AdminCall): Promise<void> {
  const list = { name: GRANT_KIND.name, collection: call.context.records.grants, fields: GRANT_FIELDS }
  const { results, next } = await listPage(call.req.url ?? '', call.account.name, list)
  sendPage(call, { results: results.map(showGrant), next })
}

/** `GET /grants/:id` */
export async function readGrant(call: AdminCall): Promise<void> {
  const grant = await getRecord(call.context.records.grants, call)
  sendRecord(call, grant, showGrant(grant))
}

/** `DELETE /grants/:id`: ends it, whatever its refresh token does meanwhile, unless `If-Match` named how it stood. */
export async function deleteGrant(call: AdminCall): Promise<void> {
  const { grants, records } = call.context
  const isBound = call.req.headers['if-match'] !== undefined
  const stays = (): void => {}
  const origin = originOfCall(call)
  await removeRecord({ collection: records.grants }, call, stays, grant =>
    grants.end(grant, { ...origin, ...(isBound && { revision: grant.revision }) }),
  )
  sendRemoved(call)
}

/** A grant as it is shown: nothing of its tokens, nor of the user's claims. */
function showGrant({ id, user, client_id, audience, scope, createdAt, expires_at }: GrantRecord): object {
  return { id, user, client_id, audience, scope, createdAt, expiresAt: expires_at }
}
