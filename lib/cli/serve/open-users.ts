import type { ReadyMadeUsers } from '../../users/index.js'
import type { Config } from './config.js'

/** Who signs in, as the environment says; undefined: nobody. openid-client is loaded only where it is used. */
export async function openUsers({ login, demoUsers: names }: Config): Promise<ReadyMadeUsers | undefined> {
  if (login === undefined && names === undefined) return undefined
  const { demoUsers, oidcUsers } = await import('../../users/index.js')
  return login === undefined ? demoUsers(names ?? []) : oidcUsers(login)
}
