import type { Clock } from '../../clock.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { SessionRecord } from '../../store/user-records.js'
import type { Account, Records } from '../context/context.js'
import type { Emit } from '../context/events.js'
import { mint, oneWay } from '../context/one-way.js'
import { clearCookie, readCookie, setCookie } from './cookies.js'
import type { CheckedUser } from './users.js'

/** Sign-ins that are kept by us: a cookie in the browser, its hash in the store. */
export interface Sessions {
  /** The session of this browser in this account. */
  find(account: Account, req: HttpRequest): Promise<SessionRecord | null>
  /** Begins a session with a cookie of its own; the browser's old one ends. @param user with `authTime` */
  begin(account: Account, req: HttpRequest, res: HttpResponse, user: CheckedUser & { authTime: number }): Promise<void>
  /** Ends the session of this browser, if there is one. */
  end(account: Account, req: HttpRequest, res: HttpResponse): Promise<void>
}

export function createSessions({
  records: { sessions },
  clock,
  source,
  lifetime,
  emit,
}: {
  records: Pick<Records, 'sessions'>
  clock: Clock
  /** What signs users in here. A session that something else has made is none. */
  source: string
  /** Seconds. */
  lifetime: number
  emit: Emit
}): Sessions {
  async function remove(account: Account, req: HttpRequest): Promise<boolean> {
    const value = readCookie(req, account, 'session')
    return value !== undefined && (await sessions.remove(account.name, oneWay(value)))
  }

  return {
    async find(account, req) {
      const value = readCookie(req, account, 'session')
      if (value === undefined) return null
      const session = await sessions.get(account.name, oneWay(value))
      if (session === null || session.source !== source) return null
      return session.expires_at.getTime() > clock.now() ? session : null
    },
    async begin(account, req, res, { id: user, authTime, claims }) {
      await remove(account, req)
      const now = clock.now()
      const { value, hash: id } = mint()
      const times = { revision: 1, createdAt: new Date(now), updatedAt: new Date(now) }
      await sessions.insert({
        ...{ id, account: account.name, ...times, user, auth_time: authTime, source },
        ...(claims !== undefined && { claims }),
        expires_at: new Date(now + lifetime * 1000),
      })
      setCookie(res, account, 'session', value, undefined)
      emit({ type: 'user.signed_in', account: account.name, source })
    },
    async end(account, req, res) {
      const isEnded = await remove(account, req)
      clearCookie(res, account, 'session')
      if (isEnded) emit({ type: 'user.signed_out', account: account.name, source })
    },
  }
}
