import { StoreUnavailableError } from '../errors.js'
import { memoize } from '../memoize.js'
import { within } from '../within.js'
import { createOutage } from './outage.js'
import type { Collection, Counters, RecordKind, Store, StoredRecord } from './port.js'

/** How long calls to a store may take, in milliseconds. */
export interface Deadlines {
  /** One call of a collection. */
  operation: number
  /** The opening of a collection, its indexes included. */
  opening: number
  /**
   * Does an error say that nobody can reach the store now? After such a one, and after a call that was not answered in time,
   * every further call is refused at once, until the store answers. Absent: each call is made, whatever became of others.
   */
  isOutage?(error: unknown): boolean
}

/** How long it may take to say whether the store answers, in milliseconds. */
const PING_TIMEOUT = 1_500

/** How long the closing may take, in milliseconds. */
const CLOSE_TIMEOUT = 10_000

/** What calls to a store of the host's own may take, in milliseconds: it may be slow, but must not hang. */
const OPERATION_TIMEOUT = 10_000
const OPENING_TIMEOUT = 600_000

/** Stores that have deadlines. */
const bounded = new WeakSet<Store>()

const late = (): StoreUnavailableError => new StoreUnavailableError('the store did not answer in time')

/** The store as it is where its engine has given it deadlines; else the same store with some. */
export function ensureDeadlines(store: Store): Store {
  if (bounded.has(store)) return store
  return withDeadlines(store, { operation: OPERATION_TIMEOUT, opening: OPENING_TIMEOUT })
}

/**
 * Gives every call to a store a deadline: what has not answered by then has failed, whatever the engine still waits for.
 * A write that was given up may be made all the same, as one whose answer was lost.
 */
export function withDeadlines(store: Store, { operation, opening, isOutage }: Deadlines): Store {
  const reach = (): Promise<void> => within(store.ping(), Math.min(operation, PING_TIMEOUT), late)
  const outage = isOutage && createOutage(reach)
  const wrapped = new WeakMap<object, unknown>()

  async function call<R>(run: () => Promise<R>): Promise<R> {
    outage?.assertOver()
    try {
      return await within(run(), operation, lateInOutage)
    } catch (error) {
      if (isOutage?.(error)) outage?.begin()
      throw error
    }
  }

  function lateInOutage(): StoreUnavailableError {
    outage?.begin()
    return late()
  }

  /** It may have much to remove: its being late says nothing of the store. */
  async function sweep(run: () => Promise<number>): Promise<number> {
    outage?.assertOver()
    return within(run(), operation, late)
  }

  function wrap<T extends StoredRecord>(inner: Collection<T>): Collection<T> {
    return {
      insert: record => call(() => inner.insert(record)),
      insertMany: records => call(() => inner.insertMany(records)),
      get: (account, id) => call(() => inner.get(account, id)),
      find: (account, options) => call(() => inner.find(account, options)),
      replace: (record, revision) => call(() => inner.replace(record, revision)),
      remove: (account, id, revision) => call(() => inner.remove(account, id, revision)),
      nextAccount: after => call(() => inner.nextAccount(after)),
      removeExpired: () => sweep(() => inner.removeExpired()),
    }
  }

  const count = (inner: Counters): Counters => ({
    increment: (key, by, window) => call(() => inner.increment(key, by, window)),
  })

  const open = store.counters?.bind(store)
  const result: Store = {
    async collection<T extends StoredRecord>(kind: RecordKind<T>): Promise<Collection<T>> {
      const inner = await within(store.collection(kind), opening, late)
      return memoize(wrapped as WeakMap<object, Collection<T>>, inner, () => wrap(inner))
    },
    ...(open !== undefined && { counters: async clock => count(await within(open(clock), opening, late)) }),
    ping: () => call(reach),
    close() {
      outage?.stop()
      return within(store.close(), CLOSE_TIMEOUT, late)
    },
  }
  bounded.add(result)
  return result
}
