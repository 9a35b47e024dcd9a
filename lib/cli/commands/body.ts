import { UsageError } from '../faults.js'
import type { Io } from '../io.js'
import { readAssignments } from './assignments.js'
import { readDocument } from './document.js'

/** Where the body of a creation or an update comes from. */
export interface BodyOptions {
  file?: string
  set?: readonly string[]
}

export interface ApiFlags extends BodyOptions {
  name?: string
  identifier?: string
  slug?: string
  description?: string
  permission?: readonly string[]
  tokenLifetime?: string
  tokenDialect?: string
  allowOfflineAccess?: boolean
  skipConsent?: boolean
  enforcePolicies?: boolean
}

export interface ClientFlags extends BodyOptions {
  name?: string
  description?: string
  type?: string
  authMethod?: string
  grantType?: readonly string[]
  callback?: readonly string[]
  webOrigin?: readonly string[]
  logoutUrl?: readonly string[]
  apiGrant?: readonly string[]
  defaultAudience?: string
  firstParty?: boolean
}

/**
 * Puts a body together: what the flags say goes before what the file says, member by member. The server checks it.
 * @throws UsageError it is empty, or the file is no object
 */
export async function readBody(
  io: Io,
  { file, set = [] }: BodyOptions,
  flags: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  const assigned = readAssignments(set)
  const document = file === undefined ? {} : await readDocument(io, file)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new UsageError('the file must hold one object')
  }
  const body = { ...document, ...Object.fromEntries(given), ...assigned }
  if (Object.keys(body).length === 0) throw new UsageError('nothing is given: use --set, -f or another option')
  return body
}

export function apiMembers(flags: ApiFlags): Record<string, unknown> {
  return {
    name: flags.name,
    identifier: flags.identifier,
    slug: flags.slug,
    description: flags.description,
    permissions: flags.permission?.map(readPermission),
    token_lifetime: readSeconds(flags.tokenLifetime),
    token_dialect: flags.tokenDialect,
    allow_offline_access: flags.allowOfflineAccess,
    skip_consent: flags.skipConsent,
    // The option is there as its negation alone, and true where it is not given.
    enforce_policies: flags.enforcePolicies === false ? false : undefined,
  }
}

export function clientMembers(flags: ClientFlags): Record<string, unknown> {
  return {
    name: flags.name,
    description: flags.description,
    application_type: flags.type,
    token_endpoint_auth_method: flags.authMethod,
    grant_types: flags.grantType,
    callbacks: flags.callback,
    web_origins: flags.webOrigin,
    logout_urls: flags.logoutUrl,
    api_grants: flags.apiGrant?.map(readApiGrant),
    default_audience: flags.defaultAudience,
    is_first_party: flags.firstParty,
  }
}

/** `read:users`, or `read:users=Read user profiles`. */
function readPermission(text: string): object {
  const at = text.indexOf('=')
  return at < 0 ? { value: text } : { value: text.slice(0, at), description: text.slice(at + 1) }
}

/** `https://api.example.com=read:users write:users`: the scopes have blanks between them, as on the wire. */
function readApiGrant(text: string): object {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError('--api-grant must be AUDIENCE=SCOPE, with blanks between several scopes')
  const scope = text
    .slice(at + 1)
    .split(' ')
    .filter(name => name !== '')
  return { audience: text.slice(0, at), scope }
}

function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new UsageError('--token-lifetime must be a number of seconds')
}
