import { ManagementError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { sendEmpty, sendJson } from '../../http/respond.js'
import type { Collection, StoredRecord } from '../../store/port.js'
import type { Account, AdminCaller } from '../context/context.js'
import type { Origin } from '../context/origin.js'
import type { ServerContext } from './admin-context.js'
import { type Reported, reportChange } from './changes.js'
import { etagOf, requireMatch } from './etag.js'

/** How often a change is tried again that lost against another one, before the caller is asked to come back. */
const ATTEMPTS = 100

/** One call of the management API: who calls, in which account, about what. */
export interface AdminCall {
  context: ServerContext
  account: Account
  caller: AdminCaller
  /** Where the call came from. */
  origin: Origin
  req: HttpRequest
  res: HttpResponse
  /** The ids in the path, in order. */
  ids: readonly string[]
}

/** What one method on one path does. */
export type Operation = (call: AdminCall) => Promise<void>

/** One text for an id that is unknown, malformed or another account's. */
export function notFound(): ManagementError {
  return new ManagementError('not_found', 'There is no such resource.')
}

/** @throws ManagementError `not_found` */
export async function getRecord<T extends StoredRecord>(
  collection: Collection<T>,
  { account, ids: [id = ''] }: AdminCall,
): Promise<T> {
  const record = await collection.get(account.name, id)
  if (record === null) throw notFound()
  return record
}

/** Records of one kind that calls change, and what the events say of them. */
export interface Resource<T extends StoredRecord> {
  collection: Collection<T>
  /** Absent: whoever removes one tells the events. */
  reported?: Reported<T>
}

/**
 * Changes a record by compare-and-set, and tells the events. A lost race is run again on what stands then, unless `If-Match` named what stood before.
 *
 * @param alter gives the changed record, or the same one where nothing is to change; may throw to refuse
 * @param write runs the compare-and-set; may throw to refuse
 * @throws ManagementError `not_found`, `precondition_failed`, `unavailable` (too many changes at once)
 */
export async function changeRecord<T extends StoredRecord>(
  { collection, reported }: Resource<T>,
  call: AdminCall,
  alter: (record: T) => T | Promise<T>,
  write: (changed: T, present: T) => Promise<T | null> = (changed, { revision }) =>
    collection.replace(changed, revision),
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await getRecord(collection, call)
    requireMatch(call.req, record)
    const changed = await alter(record)
    if (changed === record) return record
    const stored = await write(changed, record)
    if (stored === null) continue
    if (reported !== undefined) reportChange(call, reported, record, stored)
    return stored
  }
  throw changedByMany()
}

function changedByMany(): ManagementError {
  return new ManagementError('unavailable', 'The resource is being changed by many.', {
    headers: { 'Retry-After': '1' },
  })
}

/**
 * Removes a record, under the same conditions, and tells the events.
 * @param refuse throws where the record must stay
 * @param remove removes the record while it has this revision; may throw to refuse
 */
export async function removeRecord<T extends StoredRecord>(
  { collection, reported }: Resource<T>,
  call: AdminCall,
  refuse: (record: T) => void,
  remove: (record: T) => Promise<boolean> = ({ account, id, revision }) => collection.remove(account, id, revision),
): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await getRecord(collection, call)
    refuse(record)
    requireMatch(call.req, record)
    if (!(await remove(record))) continue
    if (reported !== undefined) reportChange(call, reported, record, null)
    return record
  }
  throw changedByMany()
}

/**
 * Removes a record, then what rests on it. Where that fails halfway the record is gone: calling again, which is answered
 * with 404, removes the rest.
 *
 * @param removeRest may find nothing
 */
export async function removeWithRest<R>(
  { ids: [id = ''] }: AdminCall,
  remove: () => Promise<R>,
  removeRest: (id: string) => Promise<void>,
): Promise<R> {
  let removed: R
  try {
    removed = await remove()
  } catch (error) {
    if (error instanceof ManagementError && error.errorCode === 'not_found') await removeRest(id)
    throw error
  }
  await removeRest(id)
  return removed
}

/** For calls whose body is optional. */
export function hasBody({ req }: AdminCall): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}

/** Answers with one resource and its entity tag. */
export function sendRecord({ res }: AdminCall, record: StoredRecord, body: object, status = 200): void {
  sendJson(res, status, body, { ETag: etagOf(record), 'Cache-Control': 'no-store' })
}

/** Answers a creation. `Location` is relative to the host: the `Host` header has no say in it. */
export function sendCreated(call: AdminCall, record: StoredRecord, body: object): void {
  const [path = ''] = (call.req.url ?? '').split('?', 1)
  call.res.setHeader('Location', `${call.req.baseUrl ?? ''}${path.replace(/\/$/, '')}/${record.id}`)
  sendRecord(call, record, body, 201)
}

export function sendRemoved({ res }: AdminCall): void {
  sendEmpty(res, 204, { 'Cache-Control': 'no-store' })
}

/** Answers with a page of a list. */
export function sendPage({ res }: AdminCall, page: object): void {
  sendJson(res, 200, page, { 'Cache-Control': 'no-store' })
}
