import type { Clock } from '../../clock.js'
import { ConflictError, StoreUnavailableError } from '../../errors.js'
import { eq } from '../../query/tree.js'
import { createId } from '../../store/ids.js'
import { CONSENT_KIND, type ConsentRecord } from '../../store/user-records.js'
import { findFirst } from '../../store/walk.js'
import type { Records } from '../context/context.js'
import { oneWay } from '../context/one-way.js'

/** How often a change is tried again that lost against another one. */
const ATTEMPTS = 100
/** Scopes that are remembered at most: where an API enforces no policies, clients make them up. The oldest go. */
const MAX_SCOPES = 2_000

/** Whose consent, for whom, to what: there is one consent for each. */
export interface ConsentSubject {
  account: string
  user: string
  client_id: string
  /** The API's identifier, or `<issuer>/userinfo`. */
  audience: string
  /** Absent where there is no API. */
  api_id?: string
}

/** What users have allowed clients. */
export interface Consents {
  find(subject: ConsentSubject): Promise<ConsentRecord | null>
  /**
   * Remembers what the user has ticked, and forgets what was shown and is not ticked.
   * @returns null where nothing was remembered, and nothing is: nothing is ticked, or the client or the API is gone
   * @throws StoreUnavailableError also where others never stop changing it
   */
  remember(
    subject: ConsentSubject,
    answer: { shown: readonly string[]; ticked: readonly string[] },
  ): Promise<ConsentRecord | null>
}

export function createConsents({
  records: { consents, clients, apis },
  clock,
}: {
  records: Pick<Records, 'consents' | 'clients' | 'apis'>
  clock: Clock
}): Consents {
  function find(subject: ConsentSubject): Promise<ConsentRecord | null> {
    return findFirst(consents, subject.account, eq('key', keyOf(subject)))
  }

  async function insert(subject: ConsentSubject, ticked: readonly string[]): Promise<ConsentRecord | null> {
    const now = new Date(clock.now())
    const id = createId(CONSENT_KIND.idPrefix, now.getTime())
    const times = { revision: 1, createdAt: now, updatedAt: now }
    try {
      return await consents.insert({ ...subject, id, ...times, scope: [...ticked], key: keyOf(subject) })
    } catch (error) {
      if (error instanceof ConflictError) return null
      throw error
    }
  }

  /**
   * Another process may have deleted the client or the API, which this one still has in its cache. Whoever deletes one
   * removes its consents afterwards: either that finds this one, or this one is found out here.
   */
  async function forgetOrphan(consent: ConsentRecord): Promise<ConsentRecord | null> {
    const { account, id, client_id, api_id } = consent
    const [client, api] = await Promise.all([
      clients.get(account, client_id),
      api_id === undefined ? undefined : apis.get(account, api_id),
    ])
    if (client !== null && api !== null) return consent
    await consents.remove(account, id)
    return null
  }

  return {
    find,
    async remember(subject, { shown, ticked }) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const present = await find(subject)
        if (present === null && shown.length > 0 && ticked.length === 0) return null
        const stored =
          present === null
            ? await insert(subject, ticked)
            : await consents.replace({ ...merge(present, shown, ticked), updatedAt: now() }, present.revision)
        if (stored !== null) return present === null ? forgetOrphan(stored) : stored
      }
      throw new StoreUnavailableError('a consent is changed all the time')
    },
  }

  function now(): Date {
    return new Date(clock.now())
  }
}

function keyOf({ user, client_id, audience, api_id }: ConsentSubject): string {
  return oneWay(JSON.stringify([user, client_id, audience, api_id ?? null]))
}

function merge(present: ConsentRecord, shown: readonly string[], ticked: readonly string[]): ConsentRecord {
  const answered = new Set(shown)
  const scope = [...present.scope.filter(value => !answered.has(value)), ...ticked]
  return { ...present, scope: scope.slice(-MAX_SCOPES) }
}
