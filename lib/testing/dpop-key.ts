import { createHash, generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { type Clock, epochSeconds, systemClock } from '../clock.js'
import { checkText } from '../resource-server/options/option-checks.js'
import {
  assertOptions,
  checkAbsolute,
  checkClock,
  checkObject,
  checkString,
  type OptionTable,
} from './check-options.js'
import { signJws, thumbprint } from './sign.js'

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
  /**
   * A proof of possession, for the header `DPoP`; each with a `jti` of its own.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
   */
  proof(options: TestProofOptions): Promise<string>
}

const PROOF: OptionTable<TestProofOptions> = {
  of: 'of a proof',
  members: {
    url: checkAbsolute,
    method: checkText,
    token: checkText,
    nonce: checkString,
    claims: checkObject,
    header: checkObject,
  },
  required: ['url', 'token'],
  meant: { htu: 'url', htm: 'method', ath: 'token', accessToken: 'token', access_token: 'token', headers: 'header' },
  otherwise: 'a claim goes in claims',
}

const generate = promisify(generateKeyPair)

/**
 * Makes a client's key for DPoP.
 *
 * @param clock default: the machine's
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 * @example
 * const key = await dpopKey()
 * const token = await issuer.token({ scope: 'read:users', dpopKey: key })
 * await request(app).get('/users').set('authorization', `DPoP ${token}`).set('dpop', await key.proof({ url, token }))
 */
export async function dpopKey(clock: Clock = systemClock): Promise<DpopKey> {
  checkClock(clock, 'clock')
  const { publicKey, privateKey } = await generate('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const jwk = { kty, crv, x, y }
  return {
    jkt: thumbprint(jwk),
    async proof(options) {
      assertOptions(options, PROOF)
      const { url, method = 'GET', token, nonce, claims, header } = options
      const [htu] = url.split(/[?#]/, 1)
      const ath = createHash('sha256').update(token).digest('base64url')
      const payload = { jti: randomUUID(), htm: method, htu, iat: epochSeconds(clock), ath, nonce, ...claims }
      return signJws({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }, payload, privateKey)
    },
  }
}
