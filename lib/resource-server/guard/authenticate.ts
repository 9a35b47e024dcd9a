import { InvalidTokenError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import { isB64Token, malformed, readCredential } from './credential.js'
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
  const further: Check[] = []
  if (isRevoked !== undefined) further.push(auth => askRevoked(isRevoked, auth))
  if (introspect !== undefined) further.push(introspect)

  // Made once: this is the way of nearly every request.
  const acceptBearer: Check = auth => checkFurther(run(assertUnbound, auth))

  return function authenticate(req, res) {
    const credential = readCredential(req, reading)
    if (credential === undefined) return undefined
    const { scheme, token } = credential
    if (scheme === 'DPoP' && checkPossession !== undefined) {
      return verify(token, auth => checkFurther(run(bound => checkPossession(bound, req, res), auth)))
    }
    if (dpop?.mode === 'required') throw refuse('dpop_required')
    return verify(token, acceptBearer)
  }

  function checkFurther(auth: Maybe<AuthInfo>): Maybe<AuthInfo> {
    let checked = auth
    for (const check of further) checked = chain(checked, check)
    return checked
  }

  function verify(token: string, accept: Check): Maybe<AuthInfo> {
    let auth: Maybe<AuthInfo>
    try {
      auth = verifier.verify(token)
    } catch (error) {
      throw asPresented(error, token)
    }
    if (!(auth instanceof Promise)) return accept(auth)
    return auth.then(accept, (error: unknown) => {
      throw asPresented(error, token)
    })
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
