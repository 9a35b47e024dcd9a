import { isVerified } from '../token/auth-info.js'
import type { AccessTokenClaims, AuthInfo } from '../contract/types.js'

interface AuthCarrier {
  auth?: unknown
}

/** Puts the verified token on the request. */
export function setAuth(req: object, auth: AuthInfo): void {
  const carrier: AuthCarrier = req
  carrier.auth = auth
}

/** What a guard with the same verifier found before: its further guards need not look again, those of others do. */
export function authOf(req: object, verifier: object): AuthInfo | undefined {
  const { auth } = req as AuthCarrier
  return isVerified(auth, verifier) ? auth : undefined
}

/**
 * The verified access token of a request, typed. What another middleware wrote to `req.auth` is not taken for one.
 *
 * @typeParam Claims - further claims your issuer puts in its tokens. They are a promise of yours: nothing checks them here.
 * @throws TypeError where no guard ran, or where a guard let a request without a credential pass (`optional`).
 * @example
 * app.get('/me', requireAuth(), (req, res) => {
 *   res.json({ sub: getAuth(req).payload.sub })
 * })
 */
export function getAuth<Claims extends object = AccessTokenClaims>(req: object): AuthInfo<Claims> {
  const auth = findAuth<Claims>(req)
  if (auth === undefined) throw new TypeError('getAuth(req): no guard has authenticated this request')
  return auth
}

/** As {@link getAuth}, and undefined where there is none: for routes whose credential is optional. */
export function findAuth<Claims extends object = AccessTokenClaims>(req: object): AuthInfo<Claims> | undefined {
  const { auth } = req as AuthCarrier
  return isVerified(auth) ? (auth as AuthInfo<Claims>) : undefined
}
