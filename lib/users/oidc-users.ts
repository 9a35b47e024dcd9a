import { sendSeeOther } from '../http/respond.js'
import { assertMethod } from '../http/method.js'
import { epochSeconds } from '../clock.js'
import type { SignInDetail } from '../details.js'
import { invalidType, invalidValue } from '../errors.js'
import type { AccountHandler } from '../authorization-server/accounts/account-router.js'
import { oneWay } from '../authorization-server/context/one-way.js'
import { PageError, unavailable } from '../authorization-server/pages/page-error.js'
import { finishSignIn } from '../authorization-server/users/finish-sign-in.js'
import {
  createReadyMadeUsers,
  type ReadyMadeUsers,
  validateSessionLifetime,
} from '../authorization-server/users/ready-made.js'
import { readQuery } from '../authorization-server/users/requests.js'
import type { SignInMethod, SignInTools } from '../authorization-server/users/sign-in-method.js'
import { checkReturnTo } from '../authorization-server/users/sign-ins.js'
import { isUserId } from '../authorization-server/users/user-id.js'
import type { AuthorizationRequestRecord, SignInRecord } from '../store/user-records.js'
import { assertOptions } from './assert-options.js'
import { loadOpenidClient } from './openid-client.js'
import { createProvider, type Provider, type ProviderSettings } from './provider.js'
import { isProviderIssuer } from './provider-issuer.js'
import { ProviderFault } from './provider-fault.js'
import { pickStandardClaims } from './standard-claims.js'

/** Options of `oidcUsers`. */
export interface OidcUsersOptions {
  /** The provider's issuer, as its metadata name it: https, or http on loopback. */
  issuer: string
  /** This application, as it is registered there: with the callback `<issuer of each account>/login/callback`. */
  clientId: string
  clientSecret: string
  /** What is asked of the provider. Must hold `openid`. Default: `openid profile email`. */
  scope?: string
  /** Seconds after which a session ends, however much it is used: 60 to 2 592 000. Default: 43 200, 12 hours. */
  sessionLifetime?: number
}

/** How many seconds the provider's clock may be behind. */
const TOLERANCE = 30

/**
 * Users who sign in at another OpenID provider (Entra, Okta, Google, Keycloak…), through openid-client, an optional peer.
 * PKCE, `state`, `nonce`, `iss` and the ID token's signature are checked. The provider's `sub` is the user's id.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
 * @throws Error openid-client is not installed
 * @example
 * const { router, users } = oidcUsers({ issuer: 'https://login.example.com', clientId, clientSecret })
 * const server = await authorizationServer({ issuer: 'https://id.example.com', store, users })
 * app.use(router)
 * app.use(server.router)
 */
export function oidcUsers(options: OidcUsersOptions): ReadyMadeUsers {
  const settings = validate(options)
  const openid = loadOpenidClient()
  const method: SignInMethod = {
    source: settings.issuer,
    handlers(tools) {
      const provider = createProvider(settings, openid, tools)
      return new Map([
        ['/login', createLogin(provider, settings, tools)],
        ['/login/callback', createCallback(provider, tools)],
      ])
    },
  }
  return createReadyMadeUsers(method, validateSessionLifetime(options.sessionLifetime))
}

function validate(options: OidcUsersOptions): ProviderSettings {
  assertOptions(options, 'oidcUsers', ['issuer', 'clientId', 'clientSecret', 'scope', 'sessionLifetime'])
  const { issuer, clientId, clientSecret, scope = 'openid profile email' } = options
  for (const [name, value] of Object.entries({ issuer, clientId, clientSecret, scope })) {
    if (typeof value !== 'string') throw invalidType(`${name}: must be a string`)
    if (value === '') throw invalidValue(`${name}: must not be empty`)
  }
  if (!isProviderIssuer(issuer)) {
    throw invalidValue('issuer: must be an https URL without query and fragment (http only for a loopback host)')
  }
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope) || !scope.split(' ').includes('openid')) {
    throw invalidValue('scope: must be scopes with single blanks between them, openid among them')
  }
  return { issuer, clientId, clientSecret, scope }
}

/** `/login`: to the provider, with what the waiting request demands of the sign-in. */
function createLogin(provider: Provider, { scope }: ProviderSettings, { signIns }: SignInTools): AccountHandler {
  return async function login(req, res, account) {
    assertMethod(req, ['GET'])
    const query = readQuery(req)
    const returnTo = checkReturnTo(account, query.get('return_to'))
    const request = await signIns.requestAt(account, returnTo)
    await provider.discover().catch(fault => refuse(fault))
    const { state, nonce, codeVerifier } = await signIns.begin(account, req, res, returnTo)
    const loginHint = request === null ? query.get('login_hint') : request.login_hint
    const url = await provider
      .authorizationUrl({
        ...{ redirect_uri: `${account.issuer}/login/callback`, scope, state, nonce },
        ...{ code_challenge: oneWay(codeVerifier), code_challenge_method: 'S256' },
        ...(loginHint !== undefined && { login_hint: loginHint }),
        ...(request !== null && demandsOf(request)),
      })
      .catch(fault => refuse(fault))
    sendSeeOther(res, url)
  }
}

/** `prompt` and `max_age`, as far as they concern who signs in. */
function demandsOf({ prompt, max_age }: AuthorizationRequestRecord): Record<string, string> {
  const passed = prompt.filter(value => value === 'login' || value === 'select_account').join(' ')
  return { ...(passed !== '' && { prompt: passed }), ...(max_age !== undefined && { max_age: String(max_age) }) }
}

/** `/login/callback`: the provider's answer. */
function createCallback(provider: Provider, tools: SignInTools): AccountHandler {
  const { signIns } = tools
  return async function loginCallback(req, res, account) {
    assertMethod(req, ['GET'])
    const query = readQuery(req)
    const state = query.get('state')
    const signIn = await signIns.take(account, req, state)
    const request = await signIns.requestAt(account, signIn.return_to)
    const callback = new URL(`${account.issuer}/login/callback`)
    callback.search = new URLSearchParams([...query]).toString()
    const { nonce, code_verifier: codeVerifier } = signIn
    const claims = await provider
      .exchange(callback, { state: state ?? '', nonce, codeVerifier, maxAge: request?.max_age })
      .catch(fault => refuse(fault))
    const { sub } = claims
    if (!isUserId(sub)) {
      refuse(new ProviderFault('response', 'answered what cannot be used', 'sub'), 'provider_user_id')
    }
    const authTime = authTimeOf(claims, signIn, { request, now: epochSeconds(tools.clock) })
    const user = { id: sub, authTime, claims: pickStandardClaims(claims) }
    await finishSignIn({ req, res, account }, user, signIn.return_to, tools)
  }
}

/**
 * When the user signed in: as the provider says, or now, where it says nothing or that it was just now.
 * @throws PageError 502 a new sign-in was demanded, and the provider says that there was none
 */
function authTimeOf(
  { auth_time: said }: Readonly<Record<string, unknown>>,
  { createdAt }: SignInRecord,
  { request, now }: { request: AuthorizationRequestRecord | null; now: number },
): number {
  const isNew = typeof said !== 'number' || !(said < Math.floor(createdAt.getTime() / 1000) - TOLERANCE)
  if (isNew) return now
  if (request?.prompt.includes('login')) {
    refuse(new ProviderFault('response', 'did not ask the user to sign in again', 'auth_time'), 'provider_auth_time')
  }
  return Math.max(0, Math.floor(said))
}

/** @throws PageError in place of what the provider, or the way to it, has done */
function refuse(fault: unknown, detail: SignInDetail = 'provider_response'): never {
  if (!(fault instanceof ProviderFault)) throw fault
  if (fault.kind === 'unavailable') throw unavailable(fault, 'provider_unavailable')
  const title = 'The sign-in failed'
  if (fault.kind === 'refused') {
    throw new PageError(400, title, 'You were not signed in. Go back and start again.', {
      detail: 'provider_refused',
      cause: fault,
    })
  }
  const text = 'The service where you sign in gave an answer that cannot be used.'
  throw new PageError(502, title, text, { detail, cause: fault })
}
