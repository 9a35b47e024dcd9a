import type { LoggedChange, LoggedValue } from '../../store/log-records.js'
import type { ClientSecret } from '../../store/records.js'
import type { ConsentRecord } from '../../store/user-records.js'
import type { Origin } from '../context/origin.js'
import type { AdminCall } from './resource.js'

/** Bytes of a value as JSON, at most. */
const MAX_VALUE = 1_024
/** Stands at the end of a value that was cut. */
const MARK = '…'

/** What each answer has of itself, and nobody sets. */
const OWN: ReadonlySet<string> = new Set(['id', 'client_id', 'createdAt', 'updatedAt'])

/** Who calls, and from where. */
export function originOfCall({ caller: { actor }, origin }: AdminCall): Origin {
  return actor === undefined ? origin : { ...origin, actor }
}

/** What the events say of a resource. */
export interface Reported<T> {
  type: 'api' | 'client'
  /** As it is shown to whoever may read it: nothing of a secret. */
  show(record: T): object
  secretsOf?(record: T): readonly ClientSecret[]
}

interface Kept {
  id: string
  account: string
}

/**
 * Tells the events what a call has done. A change of nothing that is shown is none.
 * @param before null: it was made; @param after null: it was removed
 */
export function reportChange<T extends Kept>(
  call: AdminCall,
  { type, show, secretsOf }: Reported<T>,
  before: T | null,
  after: T | null,
): void {
  const record = after ?? before
  if (record === null) return
  const about = { account: record.account, target: record.id, ...originOfCall(call) }
  const changes = changesBetween(before === null ? {} : show(before), after === null ? {} : show(after))
  const done = before === null ? 'created' : after === null ? 'deleted' : 'updated'
  if (done !== 'updated' || changes.length > 0) call.context.emit({ type: `${type}.${done}`, ...about, changes })
  if (before !== null && after !== null && secretsOf !== undefined) {
    reportSecrets(call, record, secretsOf(before), secretsOf(after))
  }
}

function reportSecrets(
  call: AdminCall,
  { account, id: clientId }: Kept,
  before: readonly ClientSecret[],
  after: readonly ClientSecret[],
): void {
  const report = (type: 'secret.created' | 'secret.deleted', { id: target }: ClientSecret): void =>
    call.context.emit({ type, account, clientId, target, ...originOfCall(call) })
  const lacking = (one: ClientSecret, others: readonly ClientSecret[]): boolean =>
    !others.some(({ id }) => id === one.id)
  for (const secret of after) if (lacking(secret, before)) report('secret.created', secret)
  for (const secret of before) if (lacking(secret, after)) report('secret.deleted', secret)
}

/** Tells the events of a consent that is gone. */
export function reportConsent(call: AdminCall, { account, client_id, user, audience, id }: ConsentRecord): void {
  const about = { account, clientId: client_id, user, audience, target: id }
  call.context.emit({ type: 'consent.deleted', ...about, ...originOfCall(call) })
}

/** The fields in which two resources differ, as they are shown. */
function changesBetween(before: object, after: object): LoggedChange[] {
  const [old, now] = [textsOf(before), textsOf(after)]
  const fields = new Set([...old.keys(), ...now.keys()])
  return [...fields].flatMap(field => {
    const [was, is] = [old.get(field), now.get(field)]
    if (was === is || OWN.has(field)) return []
    return [
      { field, ...(was !== undefined && { before: bounded(was) }), ...(is !== undefined && { after: bounded(is) }) },
    ]
  })
}

/** Each member as JSON. */
function textsOf(shown: object): Map<string, string> {
  return new Map(
    Object.entries(shown).flatMap(([field, value]) =>
      value === undefined ? [] : [[field, JSON.stringify(value)] as const],
    ),
  )
}

/** The value again; text that ends with a mark, where it is too long. */
function bounded(json: string): LoggedValue {
  const bytes = Buffer.from(json)
  if (bytes.length <= MAX_VALUE) return JSON.parse(json)
  // What is left of a character that was cut in the middle goes too.
  return (
    bytes
      .subarray(0, MAX_VALUE - Buffer.byteLength(MARK))
      .toString()
      .replace(/\ufffd+$/, '') + MARK
  )
}
