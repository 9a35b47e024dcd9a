import { LIST, page } from './management-operations.js'
import type { OperationDescription } from './operation.js'
import { closed, ID, listOf, named, pageOf, TEXT, TIME } from './schema.js'

const OPTIONAL = ['client_id', 'user', 'audience', 'code', 'detail', 'actor', 'target', 'changes', 'address', 'scope']

const CHANGE = named('Change', closed({ field: TEXT, before: {}, after: {} }, ['before', 'after']))
const LOG = named(
  'LogRecord',
  closed(
    {
      ...{ id: ID, type: TEXT, client_id: TEXT, user: TEXT, audience: TEXT, scope: { type: ['string', 'array'] } },
      ...{ code: TEXT, detail: TEXT, actor: TEXT, target: TEXT, changes: listOf(CHANGE), address: TEXT },
      createdAt: TIME,
    },
    OPTIONAL,
  ),
)

/** `GET /logs` */
export const LIST_LOGS: OperationDescription = {
  operationId: 'listLogs',
  summary: 'List what has happened in the account',
  query: LIST,
  answers: page(named('LogPage', pageOf(LOG))),
}
/** `GET /logs/:id` */
export const READ_LOG: OperationDescription = {
  operationId: 'readLog',
  summary: 'Read a record of the log',
  answers: { 200: { description: 'The record.', schema: LOG, headers: ['ETag'] } },
}
