import { epochSeconds } from '../../clock.js'
import { readManagementBody } from '../../http/parameters.js'
import { sendJson } from '../../http/respond.js'
import type { GrantType } from '../../store/records.js'
import { asRefused } from '../authorize/refusal.js'
import { validatePreview } from '../schemas/preview.js'
import { invalid } from '../schemas/validate.js'
import { accessTokenClaims } from '../tokens/access-token.js'
import type { DropReason, OnDropped } from '../tokens/dropped.js'
import type { Users } from '../users/users.js'
import { decideToken, type PreviewedGrant } from './preview-decision.js'
import { type AdminCall, getRecord, notFound } from './resource.js'

/** What may be asked; the check has made sure of it. */
interface PreviewBody {
  client_id: string
  /** As in a token request. Absent: none is named. */
  scope?: string
  /** Default: `authorization_code` where a user is named, else `client_credentials`. */
  grant_type?: GrantType
  /** Absent in a user flow: a user who may have everything. */
  user?: string
}

interface Preview {
  granted: boolean
  /** The OAuth error code, where nothing is granted. */
  error?: string
  /** Empty where nothing is granted. */
  claims: Readonly<Record<string, unknown>>
  dropped: readonly { scope: string; reason: DropReason }[]
}

/**
 * `POST /apis/:apis_id/preview`: what a client would get, decided by the code that issues. Signs nothing, writes nothing,
 * reports nothing issued.
 *
 * @throws ManagementError `validation_error`, `not_found` (the API, or the client)
 * @throws TemporarilyUnavailableError a function of the host failed
 */
export async function previewToken(call: AdminCall): Promise<void> {
  const { context, account } = call
  const body = await readManagementBody(call.req)
  const api = await getRecord(context.records.apis, call)
  assertPreview(body)
  const { client_id, scope = '', user } = body
  const own = readGrant(body, context.users)
  const client = await context.registry.client(account.name, client_id)
  if (client === null) throw notFound()
  const preview = await decide({ account, client, api, scope, ...own, services: context }, user)
  sendJson(call.res, 200, preview, { 'Cache-Control': 'no-store' })
}

function assertPreview(body: object): asserts body is PreviewBody {
  validatePreview(body)
}

/** @throws ManagementError `validation_error`: the user and the grant type do not fit, or nobody signs in here */
function readGrant(
  { grant_type, user }: PreviewBody,
  users: Users | undefined,
): Pick<PreviewedGrant, 'grantType' | 'signedIn'> {
  const grantType = grant_type ?? (user === undefined ? 'client_credentials' : 'authorization_code')
  if (users === undefined && user !== undefined) throw invalid([{ path: 'user', message: NOBODY }])
  if (grantType === 'client_credentials') {
    if (user === undefined) return { grantType }
    throw invalid([{ path: 'user', message: 'must not be named with client_credentials' }])
  }
  if (users === undefined) throw invalid([{ path: 'grant_type', message: NOBODY }])
  return { grantType, signedIn: user === undefined ? anybody(users) : { id: user, users } }
}

const NOBODY = 'needs user flows: this server has no users'

/** Stands for a user who may have everything. */
function anybody(users: Users): PreviewedGrant['signedIn'] {
  return { id: '', users: { ...users, permissionsOf: (_account, { scopes }) => Promise.resolve(scopes) } }
}

async function decide(wanted: Omit<PreviewedGrant, 'onDropped'>, user: string | undefined): Promise<Preview> {
  const reasons = new Map<string, DropReason>()
  const onDropped: OnDropped = (scope, reason) => {
    if (!reasons.has(scope)) reasons.set(scope, reason)
  }
  try {
    const token = await decideToken({ ...wanted, onDropped })
    const claims = accessTokenClaims(token, epochSeconds(wanted.services.clock))
    const isAnybodys = wanted.signedIn !== undefined && user === undefined
    // Members that are undefined are not sent: there is no `jti`, and no `sub` where no user is named.
    return { granted: true, claims: isAnybodys ? { ...claims, sub: undefined } : claims, dropped: listOf(reasons) }
  } catch (error) {
    const refused = asRefused(error)
    if (refused === undefined) throw error
    return { granted: false, error: refused.error, claims: {}, dropped: listOf(reasons) }
  }
}

function listOf(reasons: ReadonlyMap<string, DropReason>): Preview['dropped'] {
  return [...reasons].map(([scope, reason]) => ({ scope, reason }))
}
