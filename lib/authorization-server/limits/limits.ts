import type { Clock } from '../../clock.js'
import { type Headers, RequestRateError } from '../../errors.js'
import { networkOf } from '../../http/address.js'
import type { HttpRequest } from '../../http/handler.js'
import type { Counters } from '../../store/port.js'
import type { ClientRecord } from '../../store/records.js'
import type { Account } from '../context/context.js'
import type { Emit, LimitName } from '../context/events.js'
import { type Origin, originOf } from '../context/origin.js'
import { createLimit, type Excess, type Limit } from './limit.js'
import type { RateLimit, ValidatedRateLimits } from './options.js'
import { createSharedCounts } from './shared-counts.js'

/** Throws, or rejects, where it is one request too many; a promise is to be waited for. */
export type Counted = Promise<void> | undefined

/** Counts requests. An address is one of IPv4, or a /64 of IPv6. */
export interface Limits {
  /**
   * Counts a failed authentication, by address, and by address and client.
   * @param named absent: it was no client's
   * @returns the headers of a 429, where there were too many
   */
  failure(req: HttpRequest, account: Account, named?: FailedClient): Promise<Headers | undefined>
  /** Counts a request of an authenticated client; of a public one, whose name anybody can send, by address too. @throws RequestRateError */
  token(req: HttpRequest, account: Account, client: ClientRecord): Counted
  /** Counts a request of a browser, by address. @throws RequestRateError */
  authorize(req: HttpRequest, account: Account): Counted
  /** Counts a management call, by client; by address where nobody knows the client. @throws RequestRateError */
  management(req: HttpRequest, account: Account, clientId: string | undefined): Counted
}

/** Whom a failed client authentication names. */
export interface FailedClient {
  /** As it was sent. */
  clientId: string
  /** Is there such a client? */
  exists: boolean
}

export interface LimitServices {
  /** One that only goes forward. */
  clock: Clock
  emit: Emit
  /** Absent: this process counts for itself. */
  counters?: Counters | undefined
}

/** Whom an event names. */
interface Who {
  account: Account
  limit: LimitName
  clientId?: string | undefined
  origin?: Origin
}

/** Characters of a client id that was sent with a failed authentication. */
const MAX_CLIENT_ID = 200

export function createLimits(rates: ValidatedRateLimits, { clock, emit, counters }: LimitServices): Limits {
  const shared = counters && createSharedCounts({ counters, clock })
  const open = (name: string, rate: RateLimit | false): Limit | undefined =>
    rate === false ? undefined : createLimit(name, rate, { clock, shared })
  const failures = rates.clientAuthentication || { address: false, client: false }
  const failuresOfAddress = open('clientAuthentication.address', failures.address)
  const failuresOfClient = open('clientAuthentication.client', failures.client)
  const token = open('token', rates.token)
  const authorize = open('authorize', rates.authorize)
  const management = open('management', rates.management)

  /** @returns the headers of the answer */
  function report(excess: Excess, { account, limit, clientId, origin }: Who): Headers {
    if (excess.isFirst) {
      const who = { ...(clientId !== undefined && { clientId }), ...origin }
      emit({ type: 'limit.reached', account: account.name, limit, ...who })
    }
    return headersOf(limit, excess)
  }

  function refuseExcess(excess: Excess | undefined, who: Who): void {
    if (excess === undefined) return
    const headers = report(excess, who)
    throw new RequestRateError('Too many requests.', { detail: 'too_many_requests', headers })
  }

  function count(limit: Limit | undefined, key: string, who: Who): Counted {
    const counted = limit?.(key)
    if (counted instanceof Promise) return counted.then(excess => refuseExcess(excess, who))
    refuseExcess(counted, who)
    return undefined
  }

  return {
    async failure(req, account, named) {
      const { origin, network } = callerOf(req)
      const who: Who = { account, limit: 'clientAuthentication', origin }
      const ofAddress = await failuresOfAddress?.(network)
      if (ofAddress !== undefined) return report(ofAddress, who)
      if (named === undefined) return undefined
      const { clientId, exists } = named
      const ofClient = await failuresOfClient?.(`${network} ${account.name} ${clientId.slice(0, MAX_CLIENT_ID)}`)
      return ofClient && report(ofClient, { ...who, ...(exists && { clientId }) })
    },
    token(req, account, { id: clientId, token_endpoint_auth_method: method }) {
      const key = `${account.name} ${clientId}`
      const who: Who = { account, limit: 'token', clientId }
      if (method !== 'none') return count(token, key, who)
      const { origin, network } = callerOf(req)
      return count(token, `${key} ${network}`, { ...who, origin })
    },
    authorize(req, account) {
      const { origin, network } = callerOf(req)
      return count(authorize, network, { account, limit: 'authorize', origin })
    },
    management(req, account, clientId) {
      if (clientId !== undefined) {
        return count(management, `${account.name} ${clientId}`, { account, limit: 'management', clientId })
      }
      const { origin, network } = callerOf(req)
      return count(management, `${account.name} from ${network}`, { account, limit: 'management', origin })
    },
  }
}

/** Where a request came from. Those that come from what is no address are one network. */
function callerOf(req: HttpRequest): { origin: Origin; network: string } {
  const origin = originOf(req)
  return { origin, network: networkOf(origin.address ?? '') }
}

/** `Retry-After` (RFC 9110 §10.2.3), and what draft-ietf-httpapi-ratelimit-headers-10 adds to it. */
function headersOf(name: LimitName, { rate: { limit, window }, seconds }: Excess): Headers {
  return {
    'Retry-After': String(seconds),
    'RateLimit-Policy': `"${name}";q=${limit};w=${window}`,
    RateLimit: `"${name}";r=0;t=${seconds}`,
  }
}
