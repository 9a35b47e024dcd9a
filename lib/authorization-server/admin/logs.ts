import { LOG_FIELDS } from '../../query/fields.js'
import { LOG_KIND, type LogRecord } from '../../store/log-records.js'
import { listPage } from './listing.js'
import { type AdminCall, getRecord, sendPage, sendRecord } from './resource.js'

/** `GET /logs`: what this process has heard until now is in the answer. */
export async function listLogs(call: AdminCall): Promise<void> {
  const { log, records } = call.context
  await log.settled()
  const list = { name: LOG_KIND.name, collection: records.logs, fields: LOG_FIELDS }
  const { results, next } = await listPage(call.req.url ?? '', call.account.name, list)
  sendPage(call, { results: results.map(showRecord), next })
}

/** `GET /logs/:id` */
export async function readLog(call: AdminCall): Promise<void> {
  const record = await getRecord(call.context.records.logs, call)
  sendRecord(call, record, showRecord(record))
}

/** A record as it is shown. A change has both values: null, where there was none. */
function showRecord({ account, revision, updatedAt, expires_at, changes, createdAt, ...shown }: LogRecord): object {
  const all = changes?.map(({ field, before = null, after = null }) => ({ field, before, after }))
  return { ...shown, ...(all !== undefined && { changes: all }), createdAt }
}
