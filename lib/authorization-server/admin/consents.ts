import { CONSENT_FIELDS } from '../../query/fields.js'
import { eq } from '../../query/tree.js'
import { CONSENT_KIND, type ConsentRecord } from '../../store/user-records.js'
import { originOfCall, reportConsent } from './changes.js'
import { listPage } from './listing.js'
import {
  type AdminCall,
  getRecord,
  removeRecord,
  removeWithRest,
  sendPage,
  sendRecord,
  sendRemoved,
} from './resource.js'

/** `GET /consents` */
export async function listConsents(call: AdminCall): Promise<void> {
  const list = { name: CONSENT_KIND.name, collection: call.context.records.consents, fields: CONSENT_FIELDS }
  const { results, next } = await listPage(call.req.url ?? '', call.account.name, list)
  sendPage(call, { results: results.map(showConsent), next })
}

/** `GET /consents/:id` */
export async function readConsent(call: AdminCall): Promise<void> {
  const consent = await getRecord(call.context.records.consents, call)
  sendRecord(call, consent, showConsent(consent))
}

/** `DELETE /consents/:id`: ends the grants that rest on it, and with them their codes. */
export async function deleteConsent(call: AdminCall): Promise<void> {
  const { grants, records } = call.context
  const stays = (): void => {}
  const remove = async (): Promise<void> => {
    reportConsent(call, await removeRecord({ collection: records.consents }, call, stays))
  }
  await removeWithRest(call, remove, id => grants.endAll(call.account.name, eq('consent_id', id), originOfCall(call)))
  sendRemoved(call)
}

/** A consent as it is shown. */
function showConsent({ id, user, client_id, audience, scope, createdAt, updatedAt }: ConsentRecord): object {
  return { id, user, client_id, audience, scope, createdAt, updatedAt }
}
