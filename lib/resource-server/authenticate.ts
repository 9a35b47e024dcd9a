import { InvalidTokenError, TemporarilyUnavailableError } from '../errors.js'
import type { HttpRequest } from '../http/handler.js'
import { isB64Token, malformed, readBearerToken } from './bearer-token.js'
import type { GuardOptions } from './guard-options.js'
import type { AccessTokenVerifier, AuthInfo } from './types.js'

/** What a client is told of a token that is not good, whichever rule it broke. */
export const INVALID_TOKEN = 'The access token is invalid, expired or revoked'

/** Finds out who calls: undefined where nobody presented a credential. Answers at once where nothing has to be waited for. */
export type Authenticate = (req: HttpRequest) => AuthInfo | undefined | Promise<AuthInfo | undefined>

/** RFC 9449 §7.2, RFC 8705 §3: a token that is bound to a key is no bearer token; nothing here could prove the possession. */
function assertUnbound(auth: AuthInfo): void {
  if (auth.payload['cnf'] !== undefined) throw invalidToken('the token is bound to a key (cnf) and was sent as bearer')
}

export function invalidToken(detail: string): InvalidTokenError {
  return new InvalidTokenError(INVALID_TOKEN, { detail })
}

export function createAuthenticate(
  verifier: Pick<AccessTokenVerifier, 'verify'>,
  { formBody, isRevoked }: GuardOptions,
): Authenticate {
  const reading = { formBody }

  function admit(auth: AuthInfo): AuthInfo | Promise<AuthInfo> {
    assertUnbound(auth)
    return isRevoked === undefined ? auth : checkRevoked(isRevoked, auth)
  }

  return function authenticate(req) {
    const token = readBearerToken(req, reading)
    if (token === undefined) return undefined
    let auth: AuthInfo | Promise<AuthInfo>
    try {
      auth = verifier.verify(token)
    } catch (error) {
      throw asPresented(error, token)
    }
    if (!(auth instanceof Promise)) return admit(auth)
    return auth.then(
      verified => admit(verified),
      error => {
        throw asPresented(error, token)
      },
    )
  }
}

/** What is no `b64token` is a malformed request, not a bad token (RFC 6750 §3.1). Looked at only once it has failed. */
function asPresented(error: unknown, token: string): unknown {
  return error instanceof InvalidTokenError && !isB64Token(token) ? malformed('the token is no b64token') : error
}

function checkRevoked(isRevoked: NonNullable<GuardOptions['isRevoked']>, auth: AuthInfo): AuthInfo | Promise<AuthInfo> {
  let answer: boolean | Promise<boolean>
  try {
    answer = isRevoked(auth.payload, { token: auth.token, clientId: auth.clientId })
  } catch (cause) {
    throw unanswered(cause)
  }
  if (typeof answer === 'boolean') return accept(answer, auth)
  return Promise.resolve(answer).then(
    settled => accept(settled, auth),
    cause => {
      throw unanswered(cause)
    },
  )
}

function accept(revoked: unknown, auth: AuthInfo): AuthInfo {
  if (revoked === true) throw invalidToken('the token is revoked')
  if (revoked !== false) throw unanswered(new TypeError('option isRevoked: must answer true or false'))
  return auth
}

function unanswered(cause: unknown): TemporarilyUnavailableError {
  const detail = 'isRevoked gave no answer'
  return new TemporarilyUnavailableError('The access token cannot be checked now', { detail, cause })
}
