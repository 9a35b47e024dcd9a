import type { Users } from '../users/users.js'
import type { AuthorizeContext } from './authorize-context.js'
import { refuseHere } from './refusal.js'

/** @throws PageRefusal nobody can sign in here */
export function requireUsers({ users }: Pick<AuthorizeContext, 'users'>): Users {
  if (users !== undefined) return users
  throw refuseHere('No sign-in is configured on this server.', { detail: 'no_sign_in' })
}
