import { InvalidTokenError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { type Credential, isB64Token, malformed, readCredential } from './credential.js'
import { createPossessionCheck } from '../dpop/possession.js'
import type { GuardOptions } from './guard-options.js'
import type { Introspect } from './introspection.js'
import { attribute, refuse, unanswered } from '../contract/refuse.js'
import type { AccessTokenVerifier, AuthInfo } from '../contract/types.js'

const SILENT = 'revocation_unknown'

type Maybe<T> = T | Promise<T>

/**
 * Finds out who calls: undefined where nobody presented a credential. Answers at once where nothing has to be waited for.
 * @param res where a nonce for the client's next proof is set
 */
export type Authenticate = (req: HttpRequest, res?: HttpResponse) => Maybe<AuthInfo | undefined>

/** A check of a verified token; throws a refusal. */
type Check = (auth: AuthInfo) => Maybe<AuthInfo>

export function createAuthenticate(
  verifier: Pick<AccessTokenVerifier, 'verify'>,
  { formBody = false, isRevoked, dpop }: Partial<Pick<GuardOptions, 'formBody' | 'isRevoked' | 'dpop'>> = {},
  introspect?: Introspect,
): Authenticate {
  const reading = { formBody, dpop: dpop !== undefined }
  const checkPossession = dpop === undefined ? undefined : createPossessionCheck(dpop)
  const checkRevoked: Check = isRevoked === undefined ? auth => auth : auth => askRevoked(isRevoked, auth)

  return function authenticate(req, res) {
    const credential = readCredential(req, reading)
    if (credential === undefined) return undefined
    const { scheme } = credential
    if (scheme === 'Bearer' && dpop?.mode === 'required') throw refuse('dpop_required')
    const checkBinding: Check =
      scheme === 'DPoP' && checkPossession !== undefined ? auth => checkPossession(auth, req, res) : assertUnbound
    return verify(credential, auth => {
      const checked = chain(run(checkBinding, auth), checkRevoked)
      return introspect === undefined ? checked : chain(checked, introspect)
    })
  }

  function verify({ token }: Credential, accept: Check): Maybe<AuthInfo> {
    const fail = (error: unknown): never => {
      throw asPresented(error, token)
    }
    let auth: Maybe<AuthInfo>
    try {
      auth = verifier.verify(token)
    } catch (error) {
      return fail(error)
    }
    return auth instanceof Promise ? auth.then(accept, fail) : accept(auth)
  }
}

/** What follows, at once where that is possible. */
function chain(auth: Maybe<AuthInfo>, check: Check): Maybe<AuthInfo> {
  return auth instanceof Promise ? auth.then(verified => run(check, verified)) : run(check, auth)
}

/** A refusal says whose token it was. */
function run(check: Check, auth: AuthInfo): Maybe<AuthInfo> {
  try {
    const checked = check(auth)
    if (!(checked instanceof Promise)) return checked
    return checked.catch((error: unknown) => {
      throw attribute(error, auth)
    })
  } catch (error) {
    throw attribute(error, auth)
  }
}

/** RFC 9449 §7.2, RFC 8705 §3: a token that is bound to a key is no bearer token, whatever the guard can check. */
function assertUnbound(auth: AuthInfo): AuthInfo {
  if (auth.payload['cnf'] !== undefined) throw refuse('bound_token_as_bearer')
  return auth
}

/** What is no `b64token` is a malformed request, not a bad token (RFC 6750 §3.1). Looked at only once it has failed. */
function asPresented(error: unknown, token: string): unknown {
  return error instanceof InvalidTokenError && !isB64Token(token) ? malformed('token_characters') : error
}

function askRevoked(isRevoked: NonNullable<GuardOptions['isRevoked']>, auth: AuthInfo): Maybe<AuthInfo> {
  let answer: Maybe<boolean>
  try {
    answer = isRevoked(auth.payload, { token: auth.token, clientId: auth.clientId })
  } catch (cause) {
    throw unanswered(SILENT, cause)
  }
  if (typeof answer === 'boolean') return accept(answer, auth)
  return Promise.resolve(answer).then(
    settled => accept(settled, auth),
    cause => {
      throw unanswered(SILENT, cause)
    },
  )
}

function accept(revoked: unknown, auth: AuthInfo): AuthInfo {
  if (revoked === true) throw refuse('revoked')
  if (revoked !== false) throw unanswered(SILENT, new TypeError('option isRevoked: must answer true or false'))
  return auth
}
