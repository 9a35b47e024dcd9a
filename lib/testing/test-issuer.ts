import { generateKeyPair, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose'
import { type Clock, epochSeconds, systemClock } from '../clock.js'
import type { ResourceServerOptions } from '../resource-server/guard-options.js'
import type { DpopKey } from './dpop-key.js'
import { createOfflineFetch, type FailureMode } from './offline-fetch.js'

/** Options of {@link testIssuer}. */
export interface TestIssuerOptions {
  /** The audience of the tokens, and of the resource server under test. */
  audience: string
  /** Default `https://issuer.test`. */
  issuer?: string
  /** Default: the machine's clock. */
  clock?: Clock
}

/** What a token is to say. A claim of `undefined` is left out. */
export interface TestTokenOptions {
  /** Blank-separated. Default: none. */
  scope?: string
  permissions?: readonly string[]
  /** Default `test-client`. */
  clientId?: string
  /** Default: the client's id. */
  subject?: string
  /** Seconds from now until it expires; negative for an expired one. Default 3 600. */
  expiresIn?: number
  /** The client's key that the token is bound to (RFC 9449 §6.1). */
  dpopKey?: Pick<DpopKey, 'jkt'>
  /** Any claim, over those above. */
  claims?: Readonly<Record<string, unknown>>
  /** Any header parameter, over `alg`, `typ` and `kid`. The signature stays RS256. */
  header?: Readonly<Record<string, unknown>>
}

/** An issuer without network: real keys, and the real verification path up to `fetch`. */
export interface TestIssuer {
  readonly issuer: string
  readonly audience: string
  /** Spread these into `resourceServer(…)`, or hand them to your app. */
  readonly resourceServerOptions: Pick<ResourceServerOptions, 'issuer' | 'audience' | 'fetch' | 'clock'> & {
    issuer: string
    audience: string
  }
  /** A signed access token. */
  token(options?: TestTokenOptions): Promise<string>
  /** The same as an `Authorization` header. */
  bearer(options?: TestTokenOptions): Promise<string>
  /** The published key set. */
  jwks(): { keys: JWK[] }
  /** Signs with a new key from now on. The old one stays published, unless `keep` is false. */
  rotate(options?: { keep?: boolean }): Promise<void>
  /** Publishes these keys as they are, odd ones too, instead of its own. */
  publish(keys: readonly unknown[]): void
  /** From now on the key set's endpoint behaves so; `none` for well again. */
  fail(mode: FailureMode): void
  /**
   * From now on the key set's endpoint answers late: when the function that this returns is called. The answer is that
   * of the later moment.
   */
  delay(): () => void
  /** How often the key set was asked for. */
  readonly fetchCount: number
}

const generateRsa = promisify(generateKeyPair)

/** Key pairs take a while to make, and a test's issuer may have that of another: they trust each other in nothing else. */
const pairs: Promise<SigningPair>[] = []

interface SigningPair {
  privateKey: CryptoKeyLike
  jwk: JWK & { kid: string }
}

type CryptoKeyLike = Parameters<SignJWT['sign']>[0]

/**
 * Makes an issuer for tests.
 *
 * @example
 * const issuer = await testIssuer({ audience: 'https://api.example.com' })
 * const app = createApp(issuer.resourceServerOptions)
 * await request(app).get('/users').set('authorization', await issuer.bearer({ scope: 'read:users' })).expect(200)
 */
export async function testIssuer(options: TestIssuerOptions): Promise<TestIssuer> {
  const { audience, issuer = 'https://issuer.test', clock = systemClock } = options
  let used = 0
  const nextPair = (): Promise<SigningPair> => {
    pairs[used] ??= createPair()
    return pairs[used++] as Promise<SigningPair>
  }
  let current = await nextPair()
  let published: unknown[] = [current.jwk]
  const offline = createOfflineFetch(issuer, () => published)

  async function token(wanted: TestTokenOptions = {}): Promise<string> {
    const header = { alg: 'RS256', typ: 'at+jwt', kid: current.jwk.kid, ...wanted.header }
    const claims = createClaims(wanted, { issuer, audience, clock })
    return new SignJWT(claims).setProtectedHeader(header).sign(current.privateKey)
  }

  return {
    issuer,
    audience,
    resourceServerOptions: { issuer, audience, fetch: offline.fetch, clock },
    token,
    bearer: async wanted => `Bearer ${await token(wanted)}`,
    jwks: () => ({ keys: structuredClone(published) as JWK[] }),
    async rotate({ keep = true } = {}) {
      current = await nextPair()
      published = keep ? [current.jwk, ...published] : [current.jwk]
    },
    publish(keys) {
      published = [...keys]
    },
    fail: offline.fail,
    delay: offline.delay,
    get fetchCount() {
      return offline.count()
    },
  }
}

async function createPair(): Promise<SigningPair> {
  const { publicKey, privateKey } = await generateRsa('rsa', { modulusLength: 2048 })
  const jwk = await exportJWK(publicKey)
  return { privateKey, jwk: { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' } }
}

function createClaims(
  wanted: TestTokenOptions,
  { issuer, audience, clock }: { issuer: string; audience: string; clock: Clock },
): Record<string, unknown> {
  const { scope, permissions, clientId = 'test-client', subject = clientId, expiresIn = 3_600, claims } = wanted
  const iat = epochSeconds(clock)
  const all = {
    iss: issuer,
    sub: subject,
    aud: audience,
    client_id: clientId,
    scope,
    permissions,
    iat,
    exp: iat + expiresIn,
    jti: randomUUID(),
    cnf: wanted.dpopKey === undefined ? undefined : { jkt: wanted.dpopKey.jkt },
    ...claims,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}
