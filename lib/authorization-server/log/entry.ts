import { sizeOf } from '../../store/size.js'
import { LOG_TYPES, type LoggedChange, type LogRecord, type LogType } from '../../store/log-records.js'

/** Characters of any one text of a record, at most. */
const MAX_TEXT = 600
/** Characters of the scope of a record, at most. */
const MAX_SCOPE = 4_096
/** Stands at the end of what was cut. */
const MARK = '…'

/** What an entry takes beside its texts, in bytes, about. */
const OVERHEAD = 400

/** What the log reads of an event. */
export interface LoggedEvent {
  type: string
  account?: string
  clientId?: string
  user?: string
  audience?: string
  scope?: string
  code?: string
  detail?: string
  actor?: string
  target?: string
  grantId?: string
  kid?: string
  limit?: string
  changes?: LoggedChange[]
  address?: string
}

/** A record of the log that waits to be written, and about how many bytes it takes. */
export interface LogEntry {
  record: LogRecord
  size: number
}

const TYPES: ReadonlySet<string> = new Set(LOG_TYPES)

const isLogged = (type: string): type is LogType => TYPES.has(type)

/**
 * What the log keeps of an event, every text of it bounded.
 *
 * @param when milliseconds: when it happened, and for how long its record is kept
 * @param createLogId makes the id
 * @returns undefined where it is none of the log's
 */
export function toEntry(
  event: LoggedEvent,
  { time, lifetime }: { time: number; lifetime: number },
  createLogId: (time: number) => string,
): LogEntry | undefined {
  const { type, account, clientId, user, audience, scope, code, actor, changes, address } = event
  if (!isLogged(type) || account === undefined) return undefined
  const detail = event.detail ?? event.limit
  const target = event.target ?? event.grantId ?? event.kid
  const createdAt = new Date(time)
  // Members are added one by one to a literal: to a copy of an object that takes thirty times as long.
  const record: LogRecord = {
    id: createLogId(time),
    account,
    revision: 1,
    createdAt,
    updatedAt: createdAt,
    type,
    expires_at: new Date(time + lifetime),
  }
  if (clientId !== undefined) record.client_id = bounded(clientId)
  if (user !== undefined) record.user = bounded(user)
  if (audience !== undefined) record.audience = bounded(audience)
  if (scope !== undefined) record.scope = scope === '' ? [] : boundedScope(scope).split(' ')
  if (code !== undefined) record.code = bounded(code)
  if (detail !== undefined) record.detail = bounded(detail)
  if (actor !== undefined) record.actor = bounded(actor)
  if (target !== undefined) record.target = bounded(target)
  if (address !== undefined) record.address = bounded(address)
  if (changes !== undefined) record.changes = changes
  return { record, size: sizeOfRecord(record) }
}

/** What strangers decide on counts. */
function sizeOfRecord({ scope, audience, user, actor, changes }: LogRecord): number {
  const texts = lengthOf(audience) + lengthOf(user) + lengthOf(actor)
  const scopes = scope === undefined ? 0 : sizeOf(scope)
  return OVERHEAD + 2 * texts + scopes + (changes === undefined ? 0 : sizeOf(changes))
}

const lengthOf = (text = ''): number => text.length

/** Whole scopes, as many as there is room for. */
function boundedScope(scope: string): string {
  if (scope.length <= MAX_SCOPE) return scope
  return cut(scope, scope.lastIndexOf(' ', MAX_SCOPE) + 1)
}

function bounded(text: string): string {
  return text.length <= MAX_TEXT ? text : cut(text, MAX_TEXT)
}

/** A copy: a part of a text would keep the whole of it in memory. */
function cut(text: string, end: number): string {
  return Buffer.from(text.slice(0, end)).toString() + MARK
}
