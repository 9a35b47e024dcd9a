import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.js'
import { ConflictError } from '../errors.js'
import type { Collection } from '../store/port.js'
import type { SecretUseRecord } from '../store/records.js'
import type { Emit } from './events.js'

/** How often one secret's use is written at most, in milliseconds. */
const WRITE_INTERVAL = 60_000

/** Notes when secrets were last used, beside the answers: it neither delays nor fails one. */
export interface SecretUses {
  note(account: string, clientId: string, secretId: string): void
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>
}

/** Writes at most once a minute for each secret; remembers 10 000 secrets. */
export function createSecretUses({
  uses,
  clock,
  emit,
}: {
  uses: Collection<SecretUseRecord>
  clock: Clock
  emit: Emit
}): SecretUses {
  const written = new LRUCache<string, number>({ max: 10_000 })
  const running = new Set<Promise<void>>()

  async function write(account: string, clientId: string, secretId: string, now: number): Promise<void> {
    const used = new Date(now)
    const known = await uses.get(account, secretId)
    if (known === null) {
      const times = { createdAt: used, updatedAt: used, last_used_at: used }
      await uses.insert({ id: secretId, account, client_id: clientId, revision: 1, ...times })
    } else if (known.last_used_at.getTime() < now) {
      await uses.replace({ ...known, last_used_at: used, updatedAt: used }, known.revision)
    }
  }

  return {
    note(account, clientId, secretId) {
      const key = `${account} ${secretId}`
      const now = clock.now()
      const last = written.get(key)
      if (last !== undefined && now - last < WRITE_INTERVAL) return
      written.set(key, now)
      const writing = write(account, clientId, secretId, now)
        .catch((cause: unknown) => {
          // Another process noted the same use: nothing is lost.
          if (!(cause instanceof ConflictError)) emit({ type: 'secret_use_not_recorded', account, clientId, cause })
        })
        .finally(() => running.delete(writing))
      running.add(writing)
    },
    async settled() {
      await Promise.all(running)
    },
  }
}
