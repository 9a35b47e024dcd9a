import type { Clock } from '../../clock.js'
import type { Filter } from '../../query/tree.js'
import { removeAll } from '../../store/walk.js'
import type { GrantRecord } from '../../store/user-records.js'
import type { Records } from '../context/context.js'
import type { Emit } from '../context/events.js'
import type { Origin } from '../context/origin.js'

/** How often a change is tried again that lost against another one. */
const ATTEMPTS = 100

/** The grant that an access token rests on: its `jti` begins with the grant's id. undefined: none, its client got it for itself. */
export function grantIdOf(jti: string): string | undefined {
  const dot = jti.indexOf('.')
  return dot < 0 ? undefined : jti.slice(0, dot)
}

/** What is known of a grant that ends. */
export type EndedGrant = Pick<GrantRecord, 'account' | 'id' | 'client_id'> &
  Partial<Pick<GrantRecord, 'user' | 'audience'>>

/** What ends grants, and changes them by compare-and-set. */
export interface Grants {
  get(account: string, id: string): Promise<GrantRecord | null>
  /**
   * Ends one: its refresh tokens are worth nothing, introspection knows nothing of its access tokens.
   * @param origin who ended it, and from where; with a revision only where it is still this one
   * @returns whether it did
   */
  end(grant: EndedGrant, origin?: Origin & { revision?: number }): Promise<boolean>
  /** Ends every grant that fulfils the filter, some at once. */
  endAll(account: string, filter: Filter, origin?: Origin): Promise<void>
  /**
   * @param alter gives the changed grant; the same one: nothing is to change. May throw to refuse
   * @returns null where there is no such grant any more
   */
  change(grant: GrantRecord, alter: (present: GrantRecord) => GrantRecord): Promise<GrantRecord | null>
}

export function createGrants({
  records: { grants },
  clock,
  emit,
}: {
  records: Pick<Records, 'grants'>
  clock: Clock
  emit: Emit
}): Grants {
  async function end(
    { account, id, client_id: clientId, user, audience }: EndedGrant,
    { revision, ...origin }: Origin & { revision?: number } = {},
  ): Promise<boolean> {
    const isEnded = await grants.remove(account, id, revision)
    const whose = { ...(user !== undefined && { user }), ...(audience !== undefined && { audience }) }
    if (isEnded) emit({ type: 'grant.revoked', account, clientId, grantId: id, ...whose, ...origin })
    return isEnded
  }

  return {
    get: (account, id) => grants.get(account, id),
    end,
    async endAll(account, filter, origin) {
      await removeAll(grants, account, filter, grant => end(grant, origin))
    },
    async change(grant, alter) {
      let present: GrantRecord | null = grant
      for (let attempt = 0; attempt < ATTEMPTS && present !== null; attempt++) {
        const changed = alter(present)
        if (changed === present) return present
        const stored = await grants.replace({ ...changed, updatedAt: new Date(clock.now()) }, present.revision)
        if (stored !== null) return stored
        present = await grants.get(grant.account, grant.id)
      }
      return null
    },
  }
}
