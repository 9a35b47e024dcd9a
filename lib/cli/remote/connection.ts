import { Refusal, UsageError } from '../faults.js'
import type { Io } from '../io.js'
import { readAddress } from './address.js'
import { type Credentials, readCredentials } from './credentials.js'

/** The options of every command that talks to a server. */
export interface ConnectionOptions {
  url?: string
  adminUrl?: string
  clientId?: string
  /** Seconds, as text. */
  timeout?: string
  allowInsecureRequests?: boolean
}

/** Where a server is, and who talks to it. */
export interface Connection extends Credentials {
  adminUrl: string
  /** Milliseconds for each call. */
  timeout: number
}

/**
 * Finds out where the server is and who the caller is: from options, else from the environment, else from `login`. What
 * `login` keeps, and a token that was got with it, go to the addresses that it was for, and to no others.
 *
 * @throws UsageError, Refusal
 */
export async function readConnection(io: Io, options: ConnectionOptions): Promise<Connection> {
  const given = readGiven(io, options)
  const { clientId, clientSecret } = given
  const timeout = readTimeout(options.timeout)
  if (clientId === undefined && clientSecret === undefined) return fromLogin(io, options, { ...given, timeout })
  if (clientId === undefined || clientSecret === undefined || given.url === undefined) {
    throw new UsageError('SCOPEGATE_URL, SCOPEGATE_CLIENT_ID and SCOPEGATE_CLIENT_SECRET must be given together')
  }
  const { url, adminUrl = url } = given
  return { url, adminUrl, clientId, clientSecret, timeout }
}

/** What options and environment say; an empty variable is as if it were not set. @throws UsageError */
export function readGiven({ env }: Pick<Io, 'env'>, options: ConnectionOptions): Partial<Credentials> {
  const isInsecureAllowed = allowsInsecure({ env }, options)
  const address = (option: string | undefined, flag: string, variable: string): string | undefined => {
    const text = option ?? (env[variable] || undefined)
    return text === undefined ? undefined : readAddress(text, option === undefined ? variable : flag, isInsecureAllowed)
  }
  const url = address(options.url, '--url', 'SCOPEGATE_URL')
  const adminUrl = address(options.adminUrl, '--admin-url', 'SCOPEGATE_ADMIN_URL')
  const clientId = options.clientId ?? (env['SCOPEGATE_CLIENT_ID'] || undefined)
  const clientSecret = env['SCOPEGATE_CLIENT_SECRET'] || undefined
  return {
    ...(url !== undefined && { url }),
    ...(adminUrl !== undefined && { adminUrl }),
    ...(clientId !== undefined && { clientId }),
    ...(clientSecret !== undefined && { clientSecret }),
  }
}

/** @throws UsageError */
export function allowsInsecure({ env }: Pick<Io, 'env'>, { allowInsecureRequests }: ConnectionOptions): boolean {
  const text = env['SCOPEGATE_ALLOW_INSECURE_REQUESTS']
  if (text && text !== '1') throw new UsageError('SCOPEGATE_ALLOW_INSECURE_REQUESTS must be 1, or not be set')
  return allowInsecureRequests === true || text === '1'
}

async function fromLogin(
  io: Io,
  options: ConnectionOptions,
  { url, adminUrl, timeout }: Partial<Credentials> & { timeout: number },
): Promise<Connection> {
  const kept = await readCredentials(io)
  if (kept === undefined) {
    throw new Refusal(
      'not logged in; run scopegate login, or set SCOPEGATE_URL, SCOPEGATE_CLIENT_ID and SCOPEGATE_CLIENT_SECRET',
    )
  }
  // The file may have been written where http was allowed.
  const isInsecureAllowed = allowsInsecure(io, options)
  const [home = '', admin = home] = [kept.url, ...(kept.adminUrl === undefined ? [] : [kept.adminUrl])].map(address =>
    readAddress(address, 'the URL that scopegate login has kept', isInsecureAllowed),
  )
  if (url !== undefined && url !== home) throw new Refusal(`logged in at ${home}, not at ${url}; run scopegate login`)
  if (adminUrl !== undefined && adminUrl !== admin) {
    throw new Refusal(`logged in with the management API at ${admin}, not at ${adminUrl}; run scopegate login`)
  }
  return { ...kept, url: home, adminUrl: admin, timeout }
}

/** Seconds from 1 to 600, default 30; given in milliseconds. @throws UsageError */
export function readTimeout(text = '30'): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > 600) throw new UsageError('--timeout must be a number of seconds from 1 to 600')
  return seconds * 1000
}
