import type { Connection } from 'mongoose'
import type { RateLimiterMongo } from 'rate-limiter-flexible'
import type { Clock } from '../../clock.js'
import type { CountedWindow, Counters } from '../port.js'
import { translate } from './failures.js'

type Db = NonNullable<Connection['db']>

/** What the limiter needs of a collection. */
interface LimiterCollection {
  createIndex(keys: Record<string, 1 | -1>, options: object): Promise<string>
  findOneAndUpdate(where: object, change: object, options: object): Promise<object | null>
}

/** Counters in a collection of MongoDB, kept by rate-limiter-flexible: one conditional update for each increment. */
class MongoCounters implements Counters {
  readonly #limiter: RateLimiterMongo

  constructor(limiter: RateLimiterMongo) {
    this.#limiter = limiter
  }

  /** The keys', which is unique, and the one by which MongoDB removes windows that have ended. */
  createIndexes(): Promise<void> {
    return this.#limiter.createIndexes()
  }

  async increment(key: string, by: number, length: number): Promise<CountedWindow> {
    // Its types do not know the duration, and demand the attributes.
    const options = { attrs: {}, customDuration: length }
    const counting = this.#limiter.penalty(key, by, options)
    const { consumedPoints, msBeforeNext } = await translate(counting)
    return { count: consumedPoints, endsIn: msBeforeNext }
  }
}

/**
 * Opens the counters in a collection, its indexes included.
 * @throws Error the optional dependency was left out
 */
export async function openMongoCounters(db: Db, name: string, clock: Clock): Promise<Counters> {
  const Limiter = await loadLimiter()
  const limiter = new Limiter({
    storeClient: { collection: () => atClock(db, name, clock) },
    tableName: name,
    keyPrefix: '',
    // What is allowed is decided by whoever counts.
    points: 0,
    duration: 1,
    disableIndexesCreation: true,
  })
  const counters = new MongoCounters(limiter)
  await translate(counters.createIndexes())
  return counters
}

/** What is said where it is not installed. */
export const LIMITER_MISSING =
  'mongoStore needs rate-limiter-flexible for rateLimits: npm install rate-limiter-flexible'

async function loadLimiter(): Promise<typeof RateLimiterMongo> {
  try {
    return (await import('rate-limiter-flexible')).RateLimiterMongo
  } catch (cause) {
    throw new Error(LIMITER_MISSING, { cause })
  }
}

/**
 * The collection as the limiter is to see it. The limiter reads the machine's time: the dates that it writes and compares
 * are moved to our clock's, and those that it is given back. A count needs no majority: a lost one lets somebody through.
 */
function atClock(db: Db, name: string, clock: Clock): LimiterCollection {
  const collection = db.collection(name, { writeConcern: { w: 1 } })
  return {
    createIndex: (keys, options) => collection.createIndex(keys, options),
    async findOneAndUpdate(where, change, options) {
      const [machine, now] = [Date.now(), clock.now()]
      // It means now, or whole seconds from now; and some time has passed since it read the time.
      const toClock = (date: number): number => now + Math.ceil((date - machine) / 1000) * 1000
      const counted = await collection.findOneAndUpdate(mapDates(where, toClock), mapDates(change, toClock), {
        ...options,
        includeResultMetadata: false,
      })
      return counted && mapDates(counted, date => date - clock.now() + Date.now())
    },
  }
}

/** A copy with other dates. */
function mapDates<T>(value: T, change: (date: number) => number): T {
  if (value instanceof Date) return new Date(change(value.getTime())) as T
  if (Array.isArray(value)) return value.map(item => mapDates(item, change)) as T
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapDates(item, change)])) as T
}
