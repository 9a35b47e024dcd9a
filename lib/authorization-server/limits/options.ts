import { invalidType, invalidValue } from '../../errors.js'
import { validateMembers } from '../context/members.js'

/** How many events are allowed in a window. */
export interface RateLimit {
  /** How many, 1 or more. */
  limit: number
  /** Seconds, 1 to 2 592 000 (30 days). A window begins with its first event. */
  window: number
}

/** Failed client authentications that are answered as such; further ones are told to wait. */
export interface FailureLimits {
  /** Of one address, whatever the client. */
  address: RateLimit | false
  /** Of one client from one address. */
  client: RateLimit | false
}

/** The option `rateLimits`; `false` switches one limit off. */
export interface RateLimits {
  /**
   * Failed client authentications that are answered as such, further ones get 429; a right secret is never refused.
   * Of one address: default 100 in 60 seconds. Of one client from one address: default 20 in 60 seconds.
   */
  clientAuthentication?: Partial<FailureLimits> | false
  /** Requests of one client to the token endpoint, revocation, introspection and userinfo. Default 6 000 in 60 seconds. */
  token?: RateLimit | false
  /** Requests of one address to `/authorize`, consent and the sign-in of `scopegate/users`. Default 300 in 60 seconds. */
  authorize?: RateLimit | false
  /** Management calls of one client. Default 3 000 in 60 seconds. */
  management?: RateLimit | false
}

export type ValidatedRateLimits = {
  [name in keyof RateLimits]-?: name extends 'clientAuthentication' ? FailureLimits | false : RateLimit | false
}

const FAILURE_LIMITS: FailureLimits = { address: { limit: 100, window: 60 }, client: { limit: 20, window: 60 } }
const TOKEN_LIMIT: RateLimit = { limit: 6_000, window: 60 }
const AUTHORIZE_LIMIT: RateLimit = { limit: 300, window: 60 }
const MANAGEMENT_LIMIT: RateLimit = { limit: 3_000, window: 60 }

const MAX_WINDOW = 2_592_000

const NAMES = ['clientAuthentication', 'token', 'authorize', 'management']

/**
 * Checks the option `rateLimits`, and gives every default.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
 */
export function validateRateLimits(option: unknown): ValidatedRateLimits {
  if (option === false) return { clientAuthentication: false, token: false, authorize: false, management: false }
  const members = validateMembers(option, 'rateLimits', NAMES)
  const { clientAuthentication, token = TOKEN_LIMIT, authorize = AUTHORIZE_LIMIT } = members
  const { management = MANAGEMENT_LIMIT } = members
  return {
    clientAuthentication: validateFailureLimits(clientAuthentication),
    token: validateLimit(token, 'rateLimits.token'),
    authorize: validateLimit(authorize, 'rateLimits.authorize'),
    management: validateLimit(management, 'rateLimits.management'),
  }
}

function validateFailureLimits(option: unknown): FailureLimits | false {
  if (option === false) return false
  const name = 'rateLimits.clientAuthentication'
  const { address = FAILURE_LIMITS.address, client = FAILURE_LIMITS.client } = validateMembers(option, name, [
    'address',
    'client',
  ])
  return { address: validateLimit(address, `${name}.address`), client: validateLimit(client, `${name}.client`) }
}

function validateLimit(option: unknown, name: string): RateLimit | false {
  if (option === false) return false
  const { limit, window } = validateMembers(option, name, ['limit', 'window'])
  return { limit: validateCount(limit, `${name}.limit`), window: validateCount(window, `${name}.window`, MAX_WINDOW) }
}

function validateCount(value: unknown, name: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw invalidType(`${name}: must be a number`)
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw invalidValue(
      `${name}: must be a whole number, 1 ${max === Number.MAX_SAFE_INTEGER ? 'or more' : `to ${max}`}`,
    )
  }
  return value
}
