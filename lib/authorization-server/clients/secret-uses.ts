import { LRUCache } from 'lru-cache'
import type { Clock } from '../../clock.js'
import { ConflictError } from '../../errors.js'
import type { ClientSecret, SecretUseRecord } from '../../store/records.js'
import type { Records } from '../context/context.js'
import type { Emit } from '../context/events.js'

/** How often one secret's use is written at most, in milliseconds. */
const WRITE_INTERVAL = 60_000

/** Secrets whose last write is remembered. */
const MAX_SECRETS = 10_000

/** Uses that are written at once; what comes beyond them is written at a later use. */
const MAX_WRITES = 100

/** When secrets were last used. Noted beside the answers: it neither delays nor fails one. */
export interface SecretUses {
  note(account: string, clientId: string, secretId: string): void
  /** By the secrets' ids; one that was never used is absent. @throws StoreUnavailableError */
  lastUsed(account: string, secrets: readonly ClientSecret[]): Promise<ReadonlyMap<string, Date>>
  /** Forgets the uses of secrets that are gone. */
  forget(account: string, clientId: string, secrets: readonly ClientSecret[]): void
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>
}

/** Writes at most once a minute for each secret, by a clock that only goes forward. */
export function createSecretUses({
  records: { clients, secretUses: uses },
  clock,
  ageClock,
  emit,
}: {
  records: Pick<Records, 'clients' | 'secretUses'>
  clock: Clock
  /** Measures the minute. */
  ageClock: Clock
  emit: Emit
}): SecretUses {
  const written = new LRUCache<string, number>({ max: MAX_SECRETS })
  const running = new Set<Promise<void>>()

  function run(writing: Promise<unknown>, failed: (cause: unknown) => void): void {
    const owned: Promise<void> = writing.then(() => undefined, failed).finally(() => running.delete(owned))
    running.add(owned)
  }

  async function write(account: string, clientId: string, secretId: string): Promise<void> {
    const used = new Date(clock.now())
    const known = await uses.get(account, secretId)
    if (known === null) {
      await insert({
        id: secretId,
        account,
        client_id: clientId,
        revision: 1,
        createdAt: used,
        updatedAt: used,
        last_used_at: used,
      })
    } else if (known.last_used_at < used) {
      await uses.replace({ ...known, last_used_at: used, updatedAt: used }, known.revision)
    }
  }

  /** The secret may have gone meanwhile, here or in another process: its use must not outlive it. */
  async function insert(use: SecretUseRecord): Promise<void> {
    await uses.insert(use)
    const client = await clients.get(use.account, use.client_id)
    if (!client?.secrets.some(({ id }) => id === use.id)) await uses.remove(use.account, use.id)
  }

  return {
    note(account, clientId, secretId) {
      const key = `${account} ${secretId}`
      const now = ageClock.now()
      const last = written.get(key)
      if (last !== undefined && now - last < WRITE_INTERVAL) return
      if (running.size >= MAX_WRITES) return
      written.set(key, now)
      run(write(account, clientId, secretId), cause => {
        // Another process noted the same use: nothing is lost.
        if (!(cause instanceof ConflictError)) emit({ type: 'secret_use.not_recorded', account, clientId, cause })
      })
    },
    async lastUsed(account, secrets) {
      const found = await Promise.all(secrets.map(({ id }) => uses.get(account, id)))
      return new Map(found.flatMap(use => (use === null ? [] : [[use.id, use.last_used_at] as const])))
    },
    forget(account, clientId, secrets) {
      if (secrets.length === 0) return
      run(Promise.all(secrets.map(({ id }) => uses.remove(account, id))), cause =>
        emit({ type: 'secret_use.not_removed', account, clientId, cause }),
      )
    },
    async settled() {
      await Promise.all(running)
    },
  }
}
