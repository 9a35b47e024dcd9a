import type { Clock } from '../../clock.js'
import { ManagementError } from '../../errors.js'
import { eq } from '../../query/tree.js'
import type { Collection } from '../../store/port.js'
import type { ApiGrant, ClientRecord } from '../../store/records.js'
import { walk } from '../../store/walk.js'
import { MANAGEMENT_AUDIENCE } from '../context/context.js'
import { MANAGEMENT_PERMISSIONS } from './catalogue.js'

/** What the grants give of the management API. */
export function managementScopes(grants: readonly ApiGrant[] = []): string[] {
  return grants.filter(({ audience }) => audience === MANAGEMENT_AUDIENCE).flatMap(({ scope }) => scope)
}

/** Could the client get a token with every management scope now? */
export function isManager(client: ClientRecord, now: number): boolean {
  const { token_endpoint_auth_method: method, grant_types, secrets, api_grants } = client
  if (method === 'none' || !grant_types.includes('client_credentials')) return false
  if (!secrets.some(({ expires_at }) => expires_at === undefined || expires_at.getTime() > now)) return false
  const held = new Set(managementScopes(api_grants))
  return MANAGEMENT_PERMISSIONS.every(({ value }) => held.has(value))
}

/** Writes changes of clients, but for the one that would leave nobody who can manage the account. */
export interface Managers {
  /**
   * @param after null: the client is removed
   * @throws ManagementError `last_manager`; nothing was written
   */
  keepOne<R>(before: ClientRecord, after: ClientRecord | null, write: () => Promise<R>): Promise<R>
}

/** Of several requests at once, in this process, only the one that removes the last manager is refused. */
export function createManagers({ clients, clock }: { clients: Collection<ClientRecord>; clock: Clock }): Managers {
  const queues = new Map<string, Promise<unknown>>()

  /** One at a time for each account. */
  function alone<R>(account: string, task: () => Promise<R>): Promise<R> {
    const running = (queues.get(account) ?? Promise.resolve()).then(task)
    const settled = running.then(
      () => undefined,
      () => undefined,
    )
    queues.set(account, settled)
    settled.then(() => {
      if (queues.get(account) === settled) queues.delete(account)
    })
    return running
  }

  async function hasOther({ account, id }: ClientRecord): Promise<boolean> {
    const now = clock.now()
    for await (const client of walk(clients, account, eq('api_grants.audience', MANAGEMENT_AUDIENCE))) {
      if (client.id !== id && isManager(client, now)) return true
    }
    return false
  }

  return {
    async keepOne(before, after, write) {
      const now = clock.now()
      if (!isManager(before, now) || (after !== null && isManager(after, now))) return write()
      return alone(before.account, async () => {
        if (await hasOther(before)) return write()
        throw new ManagementError('last_manager', 'No client would be left that can manage the account.')
      })
    },
  }
}

/** For hosts that check management calls themselves: any client may go. */
export const ANY_MANAGER: Managers = { keepOne: (_before, _after, write) => write() }
