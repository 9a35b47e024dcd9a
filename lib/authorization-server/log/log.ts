import { type Clock, forwardClock } from '../../clock.js'
import { ignore } from '../../outcome.js'
import { within } from '../../within.js'
import type { Records, Registry } from '../context/context.js'
import type { Emit } from '../context/events.js'
import { type BatchQueue, createBatchQueue } from './batch-queue.js'
import { type LogEntry, toEntry } from './entry.js'
import { createLogIds } from './log-ids.js'
import { createStrangerLimit } from './stranger-limit.js'
import { createUsage, type Usage } from './usage.js'

/** Milliseconds. */
const DAY = 86_400_000
/** How long `close()` waits for a store that does not answer, in milliseconds. */
const CLOSE_TIMEOUT = 5_000

/** What happened, kept in the store. Records are written in the background: no request waits for one, or fails by one. */
export interface Log {
  /** Takes what belongs to the log. Neither waits nor throws. */
  record: Emit
  /** Is there a log? */
  readonly isOn: boolean
  /** Records that wait to be written. */
  readonly queued: number
  /** Records that were dropped since the start. */
  readonly dropped: number
  /** Resolves when what was taken until now is written, or at once while writes fail. Never rejects. */
  settled(): Promise<void>
  /** How many access tokens each permission of the API was granted in, today and in the 30 days before. @throws StoreUnavailableError */
  usageOf: Usage['of']
  /** Writes what waits, for 5 seconds at most. Never rejects. */
  close(): Promise<void>
}

export interface LogServices {
  records: Pick<Records, 'logs' | 'apiUsage'>
  registry: Registry
  clock: Clock
  /** Days; 0: there is no log. */
  retention: number
  /** Told of records that were dropped. */
  report: Emit
}

/** There is none: nothing is queued, and nothing written. */
const NO_LOG: Log = {
  record: () => undefined,
  ...{ isOn: false, queued: 0, dropped: 0 },
  settled: async () => undefined,
  usageOf: async () => new Map(),
  close: async () => undefined,
}

export function createLog({ records, registry, clock, retention, report }: LogServices): Log {
  if (retention === 0) return NO_LOG
  const lifetime = retention * DAY
  const createLogId = createLogIds()
  const hasRoom = createStrangerLimit(forwardClock(clock), (account, id) => isAnybodys(registry.client(account, id)))
  const usage = createUsage({ records: records.apiUsage, registry, clock })
  const queue = createBatchQueue<LogEntry>({
    write: batch => records.logs.insertMany(batch.map(({ record }) => record)),
    onDropped: (count, cause) => report({ type: 'log.dropped', count, ...(cause !== undefined && { cause }) }),
  })
  return {
    record(event) {
      const time = clock.now()
      const entry = toEntry(event, { time, lifetime }, createLogId)
      if (entry === undefined || !hasRoom(entry.record) || !queue.add(entry)) return
      if (event.type === 'token.issued') usage.count(event, time)
    },
    isOn: true,
    get queued() {
      return queue.length
    },
    get dropped() {
      return queue.dropped
    },
    async settled() {
      if (!queue.isFailing) await queue.settled()
    },
    usageOf: usage.of,
    close: () => within(closeBoth(queue, usage), CLOSE_TIMEOUT, () => undefined).catch(ignore),
  }
}

/** Whom the token endpoint has just authenticated is in the cache. */
function isAnybodys(client: ReturnType<Registry['client']>): boolean {
  if (client instanceof Promise) client.catch(ignore)
  return client === null || client instanceof Promise || client.token_endpoint_auth_method === 'none'
}

async function closeBoth(queue: BatchQueue<LogEntry>, usage: Usage): Promise<void> {
  await Promise.all([queue.close(), usage.close()])
}
