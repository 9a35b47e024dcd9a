import { promisify } from 'node:util'
import type { Clock } from '../../clock.js'
import { ConflictError } from '../../errors.js'
import { ignore } from '../../outcome.js'
import { eq } from '../../query/tree.js'
import type { ApiUsageRecord } from '../../store/log-records.js'
import type { Collection } from '../../store/port.js'
import { walk } from '../../store/walk.js'
import { clearTimeout, setImmediate, setTimeout } from '../../timers.js'
import type { Registry } from '../context/context.js'

/** Milliseconds. */
const DAY = 86_400_000
/** Days before today for which usage is told. */
const USAGE_DAYS = 30
/** How long counts wait before they are written, in milliseconds: each write is one for each API. */
const DELAY = 10_000
/** Different counts that wait at most, and the characters of their names: then they are written at once. */
const MAX_WAITING = 1_000
const MAX_LENGTH = 1_000_000
/** Names in one record, at most, beside the API's permissions: those that were removed that day. */
const MAX_FORMER = 1_000
/** How often a count is tried again that lost against another process. */
const ATTEMPTS = 100

/** How often each permission of an API is granted: one record for each API and day, so that to ask costs 31 records. */
export interface Usage {
  /** Counts the permissions of one access token. @param time milliseconds */
  count(grant: { account: string; audience: string; scope: string }, time: number): void
  /** By permission, for today and the 30 days before (UTC). One that was never granted is absent. @throws StoreUnavailableError */
  of(account: string, apiId: string): Promise<ReadonlyMap<string, number>>
  /** Resolves when what was counted until now is written, or lost. Never rejects. */
  settled(): Promise<void>
  /** The same, for the last time. */
  close(): Promise<void>
}

/** So many access tokens of one day with the same audience and scope. */
interface Count {
  account: string
  audience: string
  /** Absent: which API that was is found out later. */
  apiId: string | undefined
  scope: string
  day: number
  tokens: number
}

/** What is to be added to one record. */
interface Sum {
  account: string
  apiId: string
  day: number
  granted: Map<string, number>
  /** The API's permissions. */
  catalogue: ReadonlySet<string>
}

export interface UsageServices {
  records: Collection<ApiUsageRecord>
  registry: Pick<Registry, 'api'>
  clock: Clock
}

const nextTurn = promisify(setImmediate)

export function createUsage({ records, registry, clock }: UsageServices): Usage {
  let waiting = new Map<string, Count>()
  let length = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<void> = Promise.resolve()

  /** One write after the other. Where one fails, it and those behind it are lost: nobody waits for a store that is down. */
  function settled(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const counts = [...waiting.values()]
    waiting = new Map()
    length = 0
    if (counts.length > 0) writing = writing.then(() => write(counts)).catch(ignore)
    return writing
  }

  async function write(counts: readonly Count[]): Promise<void> {
    for (const sum of await sumUp(counts, registry)) await add(sum)
  }

  async function add(sum: Sum): Promise<void> {
    const { account, apiId, day } = sum
    const id = `${apiId}.${day}`
    const updatedAt = new Date(clock.now())
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const present = await records.get(account, id)
      if (present !== null) {
        const granted = merge(present.granted, sum)
        if ((await records.replace({ ...present, granted, updatedAt }, present.revision)) !== null) return
      } else if (await insert({ ...createRecord(sum, id), updatedAt })) return
    }
  }

  async function insert(record: ApiUsageRecord): Promise<boolean> {
    try {
      await records.insert(record)
      return true
    } catch (error) {
      if (error instanceof ConflictError) return false
      throw error
    }
  }

  return {
    count({ account, audience, scope }, time) {
      const day = Math.floor(time / DAY)
      const apiId = knownId(registry, account, audience)
      const key = `${day} ${account} ${audience} ${apiId} ${scope}`
      const known = waiting.get(key)
      if (known !== undefined) {
        known.tokens++
        return
      }
      waiting.set(key, { account, audience, apiId, scope, day, tokens: 1 })
      length += key.length
      if (waiting.size >= MAX_WAITING || length >= MAX_LENGTH) {
        settled()
      } else if (timer === undefined) {
        timer = setTimeout(settled, DELAY)
        timer.unref()
      }
    },
    async of(account, apiId) {
      await settled()
      const first = Math.floor(clock.now() / DAY) - USAGE_DAYS
      const all = new Map<string, number>()
      for await (const { createdAt, granted } of walk(records, account, eq('api_id', apiId))) {
        if (createdAt.getTime() < first * DAY) break
        for (const { value, count } of granted) all.set(value, (all.get(value) ?? 0) + count)
      }
      return all
    },
    settled,
    close: settled,
  }
}

/** Whoever issued the token has just looked the API up: it is in the cache. */
function knownId(registry: UsageServices['registry'], account: string, audience: string): string | undefined {
  const api = registry.api(account, audience)
  if (!(api instanceof Promise)) return api?.id
  api.catch(ignore)
  return undefined
}

/** By API and day: of what was granted that which is a permission of the API. Gives way between scopes, which may be long. */
async function sumUp(counts: readonly Count[], registry: UsageServices['registry']): Promise<Iterable<Sum>> {
  const sums = new Map<string, Sum>()
  for (const { account, audience, apiId, scope, day, tokens } of counts) {
    const api = await registry.api(account, audience)
    // Of an API that is gone nobody asks; another one may be in its place.
    if (api === null || (apiId !== undefined && api.id !== apiId)) continue
    const key = `${day} ${account} ${api.id}`
    const catalogue = new Set(api.permissions.map(({ value }) => value))
    const sum = sums.get(key) ?? { account, apiId: api.id, day, granted: new Map<string, number>(), catalogue }
    sums.set(key, sum)
    for (const value of scope.split(' ')) {
      if (catalogue.has(value)) sum.granted.set(value, (sum.granted.get(value) ?? 0) + tokens)
    }
    await nextTurn()
  }
  return sums.values()
}

function createRecord(sum: Sum, id: string): ApiUsageRecord {
  const { account, apiId, day } = sum
  return {
    ...{ id, account, revision: 1, createdAt: new Date(day * DAY), updatedAt: new Date(day * DAY), api_id: apiId },
    granted: merge([], sum),
    expires_at: new Date((day + USAGE_DAYS + 1) * DAY),
  }
}

/** Whoever changes an API again and again must not make its record grow without end: former permissions go then. */
function merge(present: ApiUsageRecord['granted'], { granted, catalogue }: Sum): ApiUsageRecord['granted'] {
  const all = new Map(present.map(({ value, count }) => [value, count]))
  for (const [value, count] of granted) all.set(value, (all.get(value) ?? 0) + count)
  const isFull = all.size > catalogue.size + MAX_FORMER
  return [...all].flatMap(([value, count]) => (isFull && !catalogue.has(value) ? [] : [{ value, count }]))
}
