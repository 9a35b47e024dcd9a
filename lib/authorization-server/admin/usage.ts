import { ManagementError } from '../../errors.js'
import { type AdminCall, getRecord, sendPage } from './resource.js'

/** `GET /apis/:apis_id/usage`: in how many access tokens each permission was granted, today and in the 30 days before. */
export async function readUsage(call: AdminCall): Promise<void> {
  const { log, records } = call.context
  const { account, id, permissions } = await getRecord(records.apis, call)
  if (!log.isOn) {
    throw new ManagementError('not_found', 'Nothing is known of usage: the log is switched off (logRetention is 0).')
  }
  const granted = await log.usageOf(account, id)
  sendPage(call, { results: permissions.map(({ value }) => ({ value, granted: granted.get(value) ?? 0 })) })
}
