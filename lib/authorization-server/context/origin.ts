import { detach } from '../../detach.js'
import { addressOf } from '../../http/address.js'
import type { HttpRequest } from '../../http/handler.js'
import { MINTED } from './one-way.js'

/** Where a call came from, and who made it, as events say it. */
export type Origin = {
  /** The whole address. Absent: nobody knows, or it is no address. */
  address?: string
  /** Who made a call of the management API: the client, or whom the host's own check has named. */
  actor?: string
}

/** Behind a proxy that is trusted without reason an address is whatever a stranger writes into a header. */
const ADDRESS = /^[0-9A-Za-z.:%[\]_-]{1,64}$/

/** Where a request came from. */
export function originOf(req: HttpRequest): Origin {
  const address = addressOf(req)
  return ADDRESS.test(address) ? { address: detach(address) } : {}
}

/** Short, and nothing that a terminal or a page would take for more than text. */
const NAME = /^[A-Za-z0-9._~-]{1,64}$/

/**
 * What a caller who has proven nothing calls itself, as far as events may repeat it. What looks like one of our secrets may
 * be one, in the wrong place.
 */
export function nameOfStranger(clientId: string | undefined): string | undefined {
  return clientId !== undefined && NAME.test(clientId) && !MINTED.test(clientId) ? detach(clientId) : undefined
}
