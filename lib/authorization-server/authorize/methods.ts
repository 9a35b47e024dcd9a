import { RequestMethodError } from '../../errors.js'
import type { HttpRequest } from '../../http/handler.js'
import type { Users } from '../users/users.js'
import type { AuthorizeContext } from './authorize-context.js'
import { refuseHere } from './refusal.js'

/** @throws RequestMethodError */
export function assertMethod({ method = '' }: HttpRequest, allowed: readonly string[]): void {
  if (allowed.includes(method)) return
  throw new RequestMethodError('The method is not served here.', {
    detail: 'method',
    headers: { Allow: allowed.join(', ') },
  })
}

/** @throws PageRefusal nobody can sign in here */
export function requireUsers({ users }: Pick<AuthorizeContext, 'users'>): Users {
  if (users !== undefined) return users
  throw refuseHere('No sign-in is configured on this server.', { detail: 'no_sign_in' })
}
