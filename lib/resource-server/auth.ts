import type { AccessTokenClaims, AuthInfo } from './types.js'

/** What a guard found, and which resource server it belongs to: its further guards need not look again, others do. */
interface Found {
  auth: AuthInfo
  owner: object
}

/** Beside the requests, not on them: a request with a member more than Express expects makes all of Express slower. */
const found = new WeakMap<object, Found>()

/** Puts the verified token on the request, as `req.auth` and for {@link getAuth}. */
export function setAuth(req: object, auth: AuthInfo, owner: object): void {
  found.set(req, { auth, owner })
  ;(req as { auth?: AuthInfo }).auth = auth
}

/** What a guard of the same resource server found before. */
export function authOf(req: object, owner: object): AuthInfo | undefined {
  const known = found.get(req)
  return known?.owner === owner ? known.auth : undefined
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
  return found.get(req)?.auth as AuthInfo<Claims> | undefined
}
