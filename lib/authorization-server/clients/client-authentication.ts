import type { Clock } from '../../clock.js'
import type { TokenEndpointDetail } from '../../details.js'
import { InvalidClientError, InvalidRequestError, RequestRateError } from '../../errors.js'
import { hasSeveralAuthorizations } from '../../http/authorization.js'
import { formatChallenge } from '../../http/challenge.js'
import { decodeForm } from '../../http/form.js'
import type { HttpRequest } from '../../http/handler.js'
import type { ClientRecord, ClientSecret } from '../../store/records.js'
import { findSecret, isExpired } from './client-secrets.js'
import type { Account, Registry } from '../context/context.js'
import type { Limits } from '../limits/limits.js'

/** The public text of every failure: which rule refused is for events alone. */
const FAILED = 'Client authentication failed.'

export interface AuthenticatedClient {
  client: ClientRecord
  /** Absent for a public client. */
  secret?: ClientSecret
}

/** What a request says of its client. `secrets` holds every reading of the one secret; empty: none was presented. */
interface Credentials {
  clientId: string
  secrets: readonly string[]
  basic: boolean
}

export interface AuthenticationRules {
  /** May a client without a secret call? Default: yes. */
  publicClients?: boolean
  /** Told which client the request names, before anything is proven; null: one that does not exist. */
  onNamed?(client: ClientRecord | null, clientId: string): void
}

export interface AuthenticationServices {
  registry: Registry
  clock: Clock
  limits: Pick<Limits, 'failure'>
}

/**
 * Finds out which client calls (RFC 6749 §2.3.1): by Basic, by `client_id` and `client_secret` in the body, or,
 * for a public client, by `client_id` alone. An unknown client, a wrong, expired or missing secret are one answer
 * for the same work. A right secret is good however many wrong ones came before. Does not ask what the client may do.
 *
 * @throws InvalidRequestError two credentials, or two client ids
 * @throws InvalidClientError everything else; with a challenge where Basic was used (RFC 6749 §5.2)
 * @throws RequestRateError the same, where too many have failed
 */
export async function authenticateClient(
  req: HttpRequest,
  parameters: ReadonlyMap<string, string>,
  account: Account,
  services: AuthenticationServices,
  { publicClients = true, onNamed }: AuthenticationRules = {},
): Promise<AuthenticatedClient> {
  let clientId = ''
  let named: ClientRecord | null = null
  try {
    const credentials = readCredentials(req, parameters, account)
    clientId = credentials.clientId
    const found = services.registry.client(account.name, clientId)
    named = found instanceof Promise ? await found : found
    onNamed?.(named, clientId)
    const proven = prove(credentials, named, account, services.clock.now())
    if (proven.secret === undefined && !publicClients) throw refuse(account, credentials.basic, 'public_client')
    return proven
  } catch (error) {
    if (!(error instanceof InvalidClientError)) throw error
    const headers = await services.limits.failure(req, account, {
      clientId: named?.id ?? clientId,
      exists: named !== null,
    })
    if (headers === undefined) throw error
    throw new RequestRateError('Too many failed requests.', { detail: 'too_many_failures', headers, cause: error })
  }
}

function prove(
  credentials: Credentials,
  client: ClientRecord | null,
  account: Account,
  now: number,
): AuthenticatedClient {
  const { basic, secrets } = credentials
  const secret = findSecret(client?.secrets ?? [], presentedSecrets(credentials), now)
  // Nothing is looked up from here on: which rule refuses costs the same.
  if (client === null) throw refuse(account, basic, 'unknown_client')
  if (client.token_endpoint_auth_method === 'none') {
    if (secrets.length > 0 || basic) throw refuse(account, basic, 'wrong_secret')
    return { client }
  }
  if (secrets.length === 0) throw refuse(account, basic, 'missing_secret')
  if (secret === undefined) throw refuse(account, basic, 'wrong_secret')
  if (isExpired(secret, now)) throw refuse(account, basic, 'expired_secret')
  return { client, secret }
}

function presentedSecrets({ secrets }: Credentials): readonly string[] {
  return secrets.length === 0 ? [''] : secrets
}

function readCredentials(req: HttpRequest, parameters: ReadonlyMap<string, string>, account: Account): Credentials {
  const authorization = readAuthorization(req)
  const clientId = parameters.get('client_id') ?? ''
  const secret = parameters.get('client_secret') ?? ''
  const assertion = parameters.has('client_assertion')
  if (authorization !== undefined && (secret !== '' || assertion)) throw twice()
  if (authorization !== undefined) return readBasic(authorization, clientId, account)
  if (assertion && secret !== '') throw twice()
  if (assertion || clientId === '') throw refuse(account, false, 'no_client_authentication')
  return { clientId, secrets: secret === '' ? [] : [secret], basic: false }
}

function twice(): InvalidRequestError {
  return new InvalidRequestError('The request has more than one client authentication.', {
    detail: 'several_client_authentications',
  })
}

function readAuthorization({ rawHeaders, headers }: HttpRequest): string | undefined {
  if (hasSeveralAuthorizations(rawHeaders)) throw twice()
  return headers.authorization
}

function readBasic(authorization: string, bodyId: string, account: Account): Credentials {
  const [scheme = ''] = authorization.split(' ', 1)
  if (scheme.toLowerCase() !== 'basic') throw refuse(account, false, 'not_basic')
  const encoded = authorization.slice(scheme.length).trim()
  const text = /^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : ''
  const colon = text.indexOf(':')
  if (colon < 1) throw refuse(account, true, 'basic_unreadable')
  const rawId = text.slice(0, colon)
  const rawSecret = text.slice(colon + 1)
  const clientId = formDecode(rawId) ?? rawId
  if (bodyId !== '' && bodyId !== clientId && bodyId !== rawId) {
    throw new InvalidRequestError('The request names two clients.', { detail: 'two_client_ids' })
  }
  return { clientId, secrets: readings(rawSecret), basic: true }
}

/** Many clients do not form-encode, as RFC 6749 §2.3.1 wants, before they base64-encode: both readings are tried. */
function readings(secret: string): string[] {
  if (secret === '') return []
  const decoded = formDecode(secret)
  return decoded === null || decoded === secret ? [secret] : [decoded, secret]
}

function formDecode(text: string): string | null {
  try {
    return decodeForm(text)
  } catch {
    return null
  }
}

function refuse(account: Account, basic: boolean, detail: TokenEndpointDetail): InvalidClientError {
  const challenge = (): string => formatChallenge('Basic', { realm: account.issuer, charset: 'UTF-8' })
  const headers = basic ? { 'WWW-Authenticate': challenge() } : {}
  return new InvalidClientError(FAILED, { detail, headers })
}
