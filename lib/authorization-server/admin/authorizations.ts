import { eq } from '../../query/tree.js'
import { removeAll } from '../../store/walk.js'
import { originOfCall, reportConsent } from './changes.js'
import type { AdminCall } from './resource.js'

/**
 * Ends what users have authorized for an API or a client that is gone, and forgets what they consented to. None of it
 * could be used any more: a grant is bound to the API's id and to its client.
 *
 * @param field `api_id` or `client_id`
 */
export async function endAuthorizations(call: AdminCall, field: 'api_id' | 'client_id', id: string): Promise<void> {
  const { account } = call
  const { grants, records } = call.context
  await grants.endAll(account.name, eq(field, id), originOfCall(call))
  await removeAll(records.consents, account.name, eq(field, id), async consent => {
    if (await records.consents.remove(account.name, consent.id)) reportConsent(call, consent)
  })
}
