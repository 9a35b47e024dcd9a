import type { JsonWebKey, KeyObject } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import { copyData } from '../copy.js'
import { invalidType, invalidValue } from '../errors.js'
import type { ResourceServerOptions } from '../resource-server/guard/guard-options.js'
import { checkText, checkUrl } from '../resource-server/options/option-checks.js'
import { assertOptions, checkBoolean, checkClock, type OptionTable } from './check-options.js'
import { createOfflineFetch, type FailureMode } from './offline-fetch.js'
import { createRsaPair } from './rsa-keys.js'
import { signJws, thumbprint } from './sign.js'
import { createClaims, type TestTokenOptions } from './test-token.js'

/** Options of {@link testIssuer}. */
export interface TestIssuerOptions {
  /** The audience of the tokens, and of the resource server under test. */
  audience: string
  /** Default: one that no other issuer of the process has, `https://issuer-1.test` and so on. */
  issuer?: string
  /** Default: the machine's clock. */
  clock?: Clock
}

/** A public key as it is published (RFC 7517 §4). */
export type TestJwk = JsonWebKey & { kid?: string; use?: string; alg?: string }

/** An issuer without network: real keys, and the real verification path up to `fetch`. */
export interface TestIssuer {
  readonly issuer: string
  readonly audience: string
  /** Spread these into `resourceServer(…)`, or hand them to your app. */
  readonly resourceServerOptions: Pick<ResourceServerOptions, 'issuer' | 'audience' | 'fetch' | 'clock'> & {
    issuer: string
    audience: string
  }
  /**
   * A signed access token.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
   */
  token(options?: TestTokenOptions): Promise<string>
  /** The same as an `Authorization` header. */
  bearer(options?: TestTokenOptions): Promise<string>
  /** The published key set. */
  jwks(): { keys: TestJwk[] }
  /**
   * Signs with a new key from now on. The old one stays published, unless `keep` is false. Guards that use this issuer's
   * `fetch` ask for the keys anew before they answer the next request.
   */
  rotate(options?: { keep?: boolean }): Promise<void>
  /** Publishes these keys as they are, odd ones too, instead of its own. Guards ask anew, as after {@link rotate}. */
  publish(keys: readonly unknown[]): void
  /**
   * From now on the key set's endpoint behaves so; `none` for well again. Guards that have keys go on with them; with
   * `none` they ask anew.
   */
  fail(mode: FailureMode): void
  /**
   * From now on the key set's endpoint answers late: when the function that this returns is called. The answer is that
   * of the later moment.
   */
  delay(): () => void
  /**
   * From now on its introspection endpoint says that the token is not active: for guards with the option `introspection`,
   * any client and secret will do.
   */
  revoke(token: string): void
  /** How often the key set was asked for. */
  readonly fetchCount: number
}

const ISSUER: OptionTable<TestIssuerOptions> = {
  of: 'of testIssuer',
  members: { audience: checkText, issuer: checkIssuer, clock: checkClock },
  required: ['audience'],
  meant: { aud: 'audience', audiences: 'audience', iss: 'issuer', issuerUrl: 'issuer', url: 'issuer', now: 'clock' },
}

const ROTATION: OptionTable<{ keep?: boolean }> = { of: 'of rotate', members: { keep: checkBoolean } }

interface SigningPair {
  privateKey: KeyObject
  jwk: TestJwk
}

let made = 0

/**
 * Makes an issuer for tests. Its keys are its own: no other issuer's token passes for one of its.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
 * @example
 * const issuer = await testIssuer({ audience: 'https://api.example.com' })
 * const app = createApp(issuer.resourceServerOptions)
 * await request(app).get('/users').set('authorization', await issuer.bearer({ scope: 'read:users' })).expect(200)
 */
export async function testIssuer(options: TestIssuerOptions): Promise<TestIssuer> {
  assertOptions(options, ISSUER)
  const { audience, issuer = `https://issuer-${++made}.test`, clock = systemClock } = options
  const context = { issuer, audience, clock }
  let current = await createPair()
  let published: unknown[] = [current.jwk]
  const offline = createOfflineFetch(issuer, () => published)

  async function token(wanted: TestTokenOptions = {}): Promise<string> {
    const claims = createClaims(wanted, context)
    const header = { alg: 'RS256', typ: 'at+jwt', kid: current.jwk.kid, ...wanted.header }
    return signJws(header, claims, current.privateKey)
  }

  function publish(keys: readonly unknown[]): void {
    if (!Array.isArray(keys)) throw invalidType('publish(keys): keys must be a list, the keys of a key set')
    published = [...keys]
    offline.announceKeys()
  }

  return {
    issuer,
    audience,
    resourceServerOptions: { issuer, audience, fetch: offline.fetch, clock },
    token,
    bearer: async wanted => `Bearer ${await token(wanted)}`,
    jwks: () => ({ keys: copyData(published) as TestJwk[] }),
    async rotate(rotation = {}) {
      assertOptions(rotation, ROTATION)
      current = await createPair()
      publish(rotation.keep === false ? [current.jwk] : [current.jwk, ...published])
    },
    publish,
    fail: offline.fail,
    delay: offline.delay,
    revoke(token) {
      offline.revoke(checkText(token, 'token'))
    },
    get fetchCount() {
      return offline.count()
    },
  }
}

async function createPair(): Promise<SigningPair> {
  const { privateKey, publicJwk } = await createRsaPair()
  return { privateKey, jwk: { ...publicJwk, kid: thumbprint(publicJwk), alg: 'RS256', use: 'sig' } }
}

/** As `resourceServer` demands it. */
function checkIssuer(value: unknown, name: string): void {
  if (/[?#]/.test(checkUrl(value, name))) throw invalidValue(`option ${name} must have no query and no fragment`)
}
