import { assertClaims, assertDemands } from './claims.js'
import { type CompactJws, TokenReader } from './compact-jws.js'
import { nameIssuer, nameKey, refuse } from '../contract/refuse.js'
import { emit } from '../../emit.js'
import { createAuthInfo } from './auth-info.js'
import type { VerificationKey } from '../keys/jwk.js'
import { checkSignature } from './jws-signature.js'
import type { KeySet } from '../keys/key-set.js'
import type { KeySetSeed, VerifierOptions, VerifierSettings } from '../options/options.js'
import { readVerifierOptions } from '../options/read-options.js'
import { ResultCache } from './result-cache.js'
import { TrustedIssuers } from '../keys/trusted-issuers.js'
import type { AccessTokenVerifier, AuthInfo } from '../contract/types.js'
import { InvalidTokenError, OAuthError, type RefusedToken } from '../../errors.js'

/** A verifier, and its key sets for a warm start elsewhere. */
export interface Verifier extends AccessTokenVerifier {
  /** The key sets as they were fetched, for the option `keySet.seed`. JSON all through. */
  exportKeys(): KeySetSeed
}

/**
 * Makes a verifier of access tokens (RFC 9068 §4): signature by a key of the token's issuer, `iss`, `aud`, `exp`, and
 * what else the options demand. It does not look at scopes, and does not ask the issuer whether the token was revoked.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, quoting the option
 * @example
 * const verifier = createVerifier({ issuer: 'https://id.example.com', audience: 'https://api.example.com' })
 * const { payload } = await verifier.verify(token)
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readVerifierOptions(options)
  const issuers = new TrustedIssuers(settings)
  // The seed has done its work, and would be kept once for each verifier.
  const check = createCheck({ ...settings, seed: [] }, issuers)
  return {
    verify: check,
    async ready() {
      await Promise.all(issuers.keySets.map(keySet => keySet.ready()))
    },
    exportKeys: () => issuers.keySets.flatMap(keySet => keySet.export() ?? []),
  }
}

/** A token that was taken apart, and where its issuer's keys are. */
interface ReadToken {
  token: string
  jws: CompactJws
  keySet: KeySet
}

/** What an event may say of a token. */
interface Reportable {
  readonly payload: Readonly<Record<string, unknown>>
  readonly header: { readonly kid?: string | undefined }
}

function createCheck(settings: VerifierSettings, issuers: TrustedIssuers): AccessTokenVerifier['verify'] {
  const { clock, claims, clockTolerance } = settings
  const reader = new TokenReader(settings)
  const cache = settings.cache === null ? undefined : new ResultCache(settings.cache)
  const hasPredicates = [...claims.values()].some(demand => typeof demand === 'function')

  /** At once where the keys are at hand and the signature is checked on the spot: a promise costs what a guard may cost. */
  function verifyNew(token: string): AuthInfo | Promise<AuthInfo> {
    let jws: CompactJws | undefined
    try {
      jws = reader.read(token)
      const read: ReadToken = { token, jws, keySet: issuers.keySetFor(jws.payload) }
      const keys = read.keySet.candidates(jws.header.kid, jws.header.alg, String(jws.payload['iss']))
      const auth = keys instanceof Promise ? keys.then(found => tryKeys(read, found)) : tryKeys(read, keys)
      if (!(auth instanceof Promise)) return auth
      return auth.catch((error: unknown) => {
        throw report(error, jws)
      })
    } catch (error) {
      throw report(error, jws)
    }
  }

  /** One key after the other, beginning at one of them. */
  function tryKeys(read: ReadToken, keys: readonly VerificationKey[], first = 0): AuthInfo | Promise<AuthInfo> {
    for (let at = first; at < keys.length; at++) {
      const key = keys[at] as VerificationKey
      const isGood = checkSignature(read.jws, key)
      if (isGood instanceof Promise) {
        return isGood.then(good => (good ? accept(read, key) : tryKeys(read, keys, at + 1)))
      }
      if (isGood) return accept(read, key)
    }
    throw refuse('signature')
  }

  /** Of a token whose signature is good by the key. The issuer may have dropped the key while that was found out. */
  function accept({ token, jws, keySet }: ReadToken, key: VerificationKey): AuthInfo {
    if (!key.live) throw refuse('key')
    reader.keepHeader(jws)
    assertClaims(jws.payload, settings, clock.now())
    const auth = createAuthInfo(token, jws, verifyToken)
    if (keySet.isShared) nameIssuer(auth, keySet.issuer)
    const { nbf = 0, iat = 0 } = auth.payload
    const validFrom = Math.ceil(Math.max(nbf, iat) - clockTolerance)
    const validUntil = Math.floor(auth.expiresAt + clockTolerance)
    cache?.offer({ auth, key, keySet, validFrom, validUntil, usedAt: 0 })
    return auth
  }

  /** Predicates may ask what changes, a list of revoked tokens say: so they are asked on every use. */
  function recheck({ payload, header }: AuthInfo): void {
    try {
      assertDemands(payload, claims)
    } catch (error) {
      throw report(error, { payload, header })
    }
  }

  function report(error: unknown, token: Reportable | undefined): unknown {
    if (!(error instanceof OAuthError)) return error
    error.refusedToken = describe(token)
    if (error instanceof InvalidTokenError) {
      emit(settings.onEvent, { type: 'token.refused', code: error.detail ?? 'unknown', ...error.refusedToken })
    }
    return error
  }

  function describe(token: Reportable | undefined): RefusedToken {
    const { payload = {}, header: { kid } = {} } = token ?? {}
    const keySet = issuers.find(payload)
    const ageMs = keySet?.age
    return {
      ...(keySet !== undefined && { issuer: keySet.issuer }),
      ...nameKey(kid),
      ...(ageMs !== undefined && { ageMs }),
    }
  }

  function verifyToken(token: string): AuthInfo | Promise<AuthInfo> {
    if (typeof token !== 'string') throw report(refuse('not_three_parts'), undefined)
    const known = cache?.get(token, clock.now())
    if (known !== undefined && hasPredicates) recheck(known.auth)
    const found = known === undefined ? verifyNew(token) : known.auth
    if (!issuers.hasPredicates) return found
    return found instanceof Promise ? found.then(askTenant) : askTenant(found)
  }

  /** As with predicates of claims: a tenant may be let in, and shut out, at any time. */
  function askTenant(auth: AuthInfo): AuthInfo | Promise<AuthInfo> {
    const fail = (error: unknown): never => {
      throw report(error, auth)
    }
    try {
      const asked = issuers.askTenant(auth.payload)
      return asked instanceof Promise ? asked.then(() => auth, fail) : auth
    } catch (error) {
      return fail(error)
    }
  }

  return verifyToken
}
