import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Clock, epochSeconds, systemClock } from '../clock.js'

/** What a proof is to say. */
export interface TestProofOptions {
  /** The whole URL of the request. */
  url: string
  /** Default `GET`. */
  method?: string
  /** The access token that goes with it. */
  token: string
  /** What `DPoP-Nonce` of the last answer said. */
  nonce?: string | undefined
  /** Any claim, over those above. A claim of `undefined` is left out. */
  claims?: Readonly<Record<string, unknown>>
  /** Any header parameter, over `alg`, `typ` and `jwk`. The signature stays ES256. */
  header?: Readonly<Record<string, unknown>>
}

/** A client's key for DPoP (RFC 9449). */
export interface DpopKey {
  /** The thumbprint that a token is bound by: `cnf.jkt`. */
  readonly jkt: string
  /** A proof of possession, for the header `DPoP`; each with a `jti` of its own. */
  proof(options: TestProofOptions): Promise<string>
}

/**
 * Makes a client's key for DPoP.
 *
 * @param clock default: the machine's
 * @example
 * const key = await dpopKey()
 * const token = await issuer.token({ scope: 'read:users', dpopKey: key })
 * await request(app).get('/users').set('authorization', `DPoP ${token}`).set('dpop', await key.proof({ url, token }))
 */
export async function dpopKey(clock: Clock = systemClock): Promise<DpopKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    async proof({ url, method = 'GET', token, nonce, claims = {}, header = {} }) {
      const [htu] = url.split(/[?#]/, 1)
      const ath = createHash('sha256').update(token).digest('base64url')
      const all = { jti: randomUUID(), htm: method, htu, iat: epochSeconds(clock), ath, nonce, ...claims }
      const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
      return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(privateKey)
    },
  }
}
