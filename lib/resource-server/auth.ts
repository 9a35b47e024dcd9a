import type { AccessTokenClaims, AuthInfo } from './types.js'

/** Where a request carries what a guard found, for {@link getAuth}; not an enumerable name, so no log prints it. */
const AUTH = Symbol('scopegate.auth')
/** Which resource server found it: its further guards need not look again, those of another one do. */
const OWNER = Symbol('scopegate.owner')

interface AuthCarrier {
  [AUTH]?: AuthInfo
  [OWNER]?: object
  auth?: AuthInfo
}

/** Puts the verified token on the request, as `req.auth` and for {@link getAuth}. */
export function setAuth(req: object, auth: AuthInfo, owner: object): void {
  const carrier: AuthCarrier = req
  carrier[OWNER] = owner
  carrier[AUTH] = auth
  carrier.auth = auth
}

/** What a guard of the same resource server found before. */
export function authOf(req: object, owner: object): AuthInfo | undefined {
  const carrier: AuthCarrier = req
  return carrier[OWNER] === owner ? carrier[AUTH] : undefined
}

/**
 * The verified access token of a request, typed. Reads what the guard itself stored: another middleware that writes
 * `req.auth` does not change it.
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
  return (req as AuthCarrier)[AUTH] as AuthInfo<Claims> | undefined
}
