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

/** A record of the log to be: what it says, when it was, and about how many bytes it takes. */
export interface LogEntry extends Said {
  time: number
  size: number
}

type Own = 'id' | 'revision' | 'createdAt' | 'updatedAt' | 'expires_at' | 'scope'
/** The scope is a list in the record alone: it is taken apart later. */
type Said = Omit<LogRecord, Own> & { scope?: string }

const TYPES: ReadonlySet<string> = new Set(LOG_TYPES)

const isLogged = (type: string): type is LogType => TYPES.has(type)

/**
 * What the log keeps of an event, every text of it bounded.
 * @param time milliseconds
 * @returns undefined where it is none of the log's
 */
export function toEntry(event: LoggedEvent, time: number): LogEntry | undefined {
  const { type, account, clientId, user, audience, scope, code, actor, changes, address } = event
  if (!isLogged(type) || account === undefined) return undefined
  const detail = event.detail ?? event.limit
  const target = event.target ?? event.grantId ?? event.kid
  const entry: LogEntry = { type, account, time, size: OVERHEAD }
  if (clientId !== undefined) entry.client_id = bounded(clientId)
  if (user !== undefined) entry.user = bounded(user)
  if (audience !== undefined) entry.audience = bounded(audience)
  if (scope !== undefined) entry.scope = boundedScope(scope)
  if (code !== undefined) entry.code = bounded(code)
  if (detail !== undefined) entry.detail = bounded(detail)
  if (actor !== undefined) entry.actor = bounded(actor)
  if (target !== undefined) entry.target = bounded(target)
  if (address !== undefined) entry.address = bounded(address)
  if (changes !== undefined) entry.changes = changes
  entry.size += 2 * (lengthOf(entry.scope) + lengthOf(entry.audience) + lengthOf(entry.user) + lengthOf(entry.actor))
  if (changes !== undefined) entry.size += sizeOf(changes)
  return entry
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

/** The record of an entry. @param lifetime milliseconds */
export function toRecord({ time, size, scope, ...said }: LogEntry, id: string, lifetime: number): LogRecord {
  const createdAt = new Date(time)
  return {
    ...said,
    ...(scope !== undefined && { scope: scope === '' ? [] : scope.split(' ') }),
    ...{ id, revision: 1, createdAt, updatedAt: createdAt, expires_at: new Date(time + lifetime) },
  }
}
