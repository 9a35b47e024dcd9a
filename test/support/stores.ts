import { randomBytes } from 'node:crypto'
import type { Clock } from '../../lib/clock.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { mongoStore } from '../../lib/store/mongo/index.js'
import type { Store } from '../../lib/store/port.js'
import { mongoServer } from './mongo.js'

/** One store engine, as the suites that run on every engine see it. */
export interface StoreEngine {
  name: 'embedded' | 'mongo'
  /** A store of its own, empty. The caller closes it. */
  open(clock?: Clock): Promise<Store>
}

const embedded: StoreEngine = {
  name: 'embedded',
  open: async clock => embeddedStore(':memory:', clock && { clock }),
}

const mongo: StoreEngine = {
  name: 'mongo',
  // A busy machine is no outage: what is slow here is not what is tested.
  open: async clock => mongoStore(await mongoDatabase(), { operationTimeout: 30_000, ...(clock && { clock }) }),
}

export const storeEngines: readonly StoreEngine[] = [embedded, mongo]

/** The connection string of a database that nobody else uses. */
export async function mongoDatabase(): Promise<string> {
  const server = await mongoServer()
  if ('reason' in server) throw new Error(server.reason)
  const uri = new URL(server.uri)
  uri.pathname = `/scopegate_${randomBytes(6).toString('hex')}`
  return uri.href
}

/**
 * Starts the server for MongoDB's suites. Where none can be had they are skipped, with the reason as their title;
 * under `CI=true` that is a failure.
 */
export async function requireMongo(context: Mocha.Context): Promise<void> {
  context.timeout(300_000)
  const server = await mongoServer()
  if (!('reason' in server)) return
  if (process.env['CI'] === 'true') throw new Error(`MongoDB's tests must run here: ${server.reason}`)
  console.warn(`  skipped: ${server.reason}`)
  context.skip()
}

/** Declares a suite once for each engine. */
export function describeStores(title: string, suite: (engine: StoreEngine) => void): void {
  for (const engine of storeEngines) {
    describe(`${title} (${engine.name})`, () => {
      before(async function prepare() {
        if (engine.name === 'mongo') await requireMongo(this)
      })
      suite(engine)
    })
  }
}
