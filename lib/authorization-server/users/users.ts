import { invalidType, invalidValue, TemporarilyUnavailableError } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import type { Account } from '../context/context.js'
import type { Emit, UsersHook } from '../context/events.js'
import { assertUnbound } from './ready-made.js'
import { isUserId } from './user-id.js'
import type { PermissionsQuery, SignedInUser, UserClaims, UsersOption } from './users-option.js'

/** Characters of a user's claims, as JSON, at most. */
export const MAX_CLAIMS = 16_384

/** A user who is signed in, as it was checked. `claims` is JSON text. */
export interface CheckedUser {
  id: string
  authTime?: number
  claims?: string
}

/** The host's functions about users, each answer checked. All of them reject with TemporarilyUnavailableError on a fault. */
export interface Users {
  authenticate(account: Account, req: HttpRequest): Promise<CheckedUser | undefined>
  /** The absolute URL where the user signs in. */
  loginUrl(
    account: Account,
    returnTo: string,
    about: { prompt: readonly string[]; loginHint: string | undefined },
  ): Promise<string>
  /** Those of `query.scopes` that the user may have, in their order. */
  permissionsOf(account: Account, query: PermissionsQuery): Promise<readonly string[]>
  /** @param known JSON text: what `authenticate` said at sign-in */
  claimsOf(account: Account, userId: string, scopes: readonly string[], known: string | undefined): Promise<UserClaims>
}

/** Checks the option `users`. @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` */
export function validateUsers(option: UsersOption | undefined): UsersOption | undefined {
  if (option === undefined) return undefined
  if (typeof option !== 'object' || option === null) throw invalidType('users: must be an object')
  if (typeof option.authenticate !== 'function') throw invalidType('users.authenticate: must be a function')
  const { loginUrl } = option
  if (typeof loginUrl !== 'function') {
    if (typeof loginUrl !== 'string') throw invalidType('users.loginUrl: must be a string or a function')
    if (!isLoginTarget(loginUrl)) throw invalidValue('users.loginUrl: must be a path, or an absolute http(s) URL')
  }
  for (const name of ['permissionsOf', 'claimsOf'] as const) {
    if (option[name] !== undefined && typeof option[name] !== 'function') {
      throw invalidType(`users.${name}: must be a function`)
    }
  }
  assertUnbound(option)
  return option
}

/** A path of the issuer's host, or an absolute URL. */
function isLoginTarget(text: string): boolean {
  return /^\/(?![/\\])/.test(text) || (/^https?:\/\//i.test(text) && URL.canParse(text))
}

/** @param option checked by {@link validateUsers} */
export function createUsers(option: UsersOption, emit: Emit): Users {
  /** Runs one of the host's functions and checks its answer. */
  async function ask<T>({ name }: Account, hook: UsersHook, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (cause) {
      emit({ type: 'users.failed', account: name, hook, cause })
      throw new TemporarilyUnavailableError('The service cannot answer now.', {
        detail: 'users_failed',
        headers: { 'Retry-After': '5' },
        cause,
      })
    }
  }

  return {
    authenticate(account, req) {
      return ask(account, 'authenticate', async () => readUser(await option.authenticate(req, account)))
    },
    loginUrl(account, returnTo, about) {
      return ask(account, 'loginUrl', async () => {
        const { loginUrl } = option
        if (typeof loginUrl === 'function') return readUrl(await loginUrl(returnTo, { ...about, account }), account)
        const url = new URL(loginUrl, account.issuer)
        url.searchParams.set('return_to', returnTo)
        if (about.loginHint !== undefined) url.searchParams.set('login_hint', about.loginHint)
        return url.href
      })
    },
    permissionsOf(account, query) {
      if (option.permissionsOf === undefined) return Promise.resolve(query.scopes)
      return ask(account, 'permissionsOf', async () => {
        const answer: unknown = await option.permissionsOf?.({ ...query, scopes: [...query.scopes] })
        if (!Array.isArray(answer)) throw new TypeError('users.permissionsOf: must answer a list')
        const held = new Set<unknown>(answer)
        for (const scope of held) {
          if (typeof scope !== 'string') throw new TypeError('users.permissionsOf: must answer a list of strings')
        }
        return query.scopes.filter(scope => held.has(scope))
      })
    },
    claimsOf(account, userId, scopes, known) {
      return ask(account, 'claimsOf', async () => {
        if (option.claimsOf === undefined) return parseClaims(known)
        return parseClaims(formatClaims(await option.claimsOf(userId, [...scopes]), 'users.claimsOf'))
      })
    },
  }
}

function readUser(answer: unknown): CheckedUser | undefined {
  if (answer === undefined) return undefined
  if (typeof answer !== 'object' || answer === null) {
    throw new TypeError('users.authenticate: must answer a user, or undefined')
  }
  const { id, authTime, claims }: { [member in keyof SignedInUser]?: unknown } = answer
  if (!isUserId(id)) {
    throw new TypeError('users.authenticate: id must be 1 to 255 visible ASCII characters')
  }
  if (authTime !== undefined && !isSeconds(authTime)) {
    throw new TypeError('users.authenticate: authTime must be whole seconds since 1970')
  }
  return {
    id,
    ...(authTime !== undefined && { authTime }),
    ...(claims !== undefined && { claims: formatClaims(claims, 'users.authenticate: claims') }),
  }
}

/** Seconds, and not milliseconds: below the year 5138. */
function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 100_000_000_000
}

function formatClaims(claims: unknown, label: string): string {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new TypeError(`${label}: must be an object`)
  }
  const text = JSON.stringify(claims)
  if (text.length > MAX_CLAIMS) throw new TypeError(`${label}: must have ${MAX_CLAIMS} characters as JSON, at most`)
  return text
}

function parseClaims(text: string | undefined): UserClaims {
  if (text === undefined) return {}
  const claims: unknown = JSON.parse(text)
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new TypeError('claims: no object')
  return { ...claims }
}

function readUrl(answer: unknown, { issuer }: Account): string {
  const text = answer instanceof URL ? answer.href : answer
  if (typeof text !== 'string' || !isLoginTarget(text)) {
    throw new TypeError('users.loginUrl: must answer a path, or an absolute http(s) URL')
  }
  return new URL(text, issuer).href
}
