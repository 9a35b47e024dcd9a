import { ConflictError } from '../../errors.js'
import type { Collection, StoredRecord } from '../../store/port.js'
import type { Meter, Metering } from '../context/meter.js'

/** The same collection, whose operations are measured once there is a meter; until then each is one call more. */
export function measureCollection<T extends StoredRecord>(
  kind: string,
  collection: Collection<T>,
  metering: Metering,
): Collection<T> {
  function time<R>(method: string, run: () => Promise<R>): Promise<R> {
    const { meter } = metering
    return meter === undefined ? run() : measure(meter, kind, method, run())
  }
  return {
    insert: record => time('insert', () => collection.insert(record)),
    insertMany: records => time('insert_many', () => collection.insertMany(records)),
    get: (account, id) => time('get', () => collection.get(account, id)),
    find: (account, options) => time('find', () => collection.find(account, options)),
    replace: (record, revision) => time('replace', () => collection.replace(record, revision)),
    remove: (account, id, revision) => time('remove', () => collection.remove(account, id, revision)),
    removeExpired: () => time('remove_expired', () => collection.removeExpired()),
    nextAccount: after => time('next_account', () => collection.nextAccount(after)),
  }
}

function measure<R>(meter: Meter, kind: string, method: string, running: Promise<R>): Promise<R> {
  const start = performance.now()
  const finish = (isFailure: boolean): void => meter.finishOperation(kind, method, performance.now() - start, isFailure)
  running.then(
    () => finish(false),
    error => finish(!(error instanceof ConflictError)),
  )
  return running
}
