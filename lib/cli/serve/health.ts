import type { IncomingMessage, ServerResponse } from 'node:http'
import { loosePath } from './loose-path.js'
import { sendJson } from '../../http/respond.js'

/** What keeps the service from serving: the store does not answer, or the accounts are being opened. */
export type Part = 'store' | 'accounts'

/** Says what stands in the way now, in bounded time; undefined: nothing. */
export type Look = () => Promise<Part | undefined> | Part | undefined

/** The paths under which the service says how it is, from the moment on that it listens. */
export interface Health {
  /** From now on this says what stands in the way. */
  watch(look: Look): void
  /** @returns whether the request was for one of the paths, and is answered */
  answer(req: IncomingMessage, res: ServerResponse): boolean
}

const UNCACHED = { 'Cache-Control': 'no-store' }

/**
 * `/health/live` is 200 while the process runs; `/health` and `/health/ready` are 200 while it can serve, else 503 with what
 * fails. They depend on no account.
 */
export function createHealth(): Health {
  let look: Look = () => 'store'

  async function tell(res: ServerResponse): Promise<void> {
    const part = await look()
    if (part === undefined) return sendJson(res, 200, { status: 'ok' }, UNCACHED)
    sendJson(res, 503, { status: 'unavailable', failing: [part] }, { ...UNCACHED, 'Retry-After': '5' })
  }

  return {
    watch(next) {
      look = next
    },
    answer(req, res) {
      if (req.method !== 'GET' && req.method !== 'HEAD') return false
      const path = loosePath(req.url)
      if (path === '/health/live') sendJson(res, 200, { status: 'ok' }, UNCACHED)
      else if (path === '/health' || path === '/health/ready') tell(res).catch(() => res.destroy())
      else return false
      return true
    },
  }
}

/** The store's own word, as what stands in the way. */
export function storeHealth(ping: () => Promise<void>): Look {
  return () =>
    ping().then(
      () => undefined,
      () => 'store',
    )
}
