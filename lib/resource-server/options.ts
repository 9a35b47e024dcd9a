import { type Clock, systemClock } from '../clock.js'
import { invalidType, invalidValue } from '../errors.js'
import { type AsymmetricAlgorithm, isAsymmetricAlgorithm } from './algorithms.js'
import type { EventListener } from './events.js'
import {
  assertKnown,
  assertRecord,
  checkList,
  checkNumber,
  checkText,
  checkUrl,
  type NumberRange,
} from './option-checks.js'
import type { AccessTokenClaims } from './types.js'

/** One trusted issuer. `jwksUri`: where its keys are; absent: the issuer's metadata says so (RFC 8414, OpenID discovery). */
export interface IssuerOption {
  issuer: string
  jwksUri?: string
}

/** A claim's demand: a value it must equal, or a predicate. A predicate that throws refuses the token. */
export type ClaimDemand = ClaimValue | ((value: unknown, payload: Readonly<AccessTokenClaims>) => boolean)
export type ClaimValue = string | number | boolean | null | readonly unknown[] | { readonly [member: string]: unknown }

/** A JSON Web Key Set (RFC 7517 §5) as it was fetched. */
export interface JsonWebKeySet {
  keys: readonly unknown[]
}

/** One issuer's key set with the time it was fetched, in milliseconds since the epoch. */
export interface SeededKeySet {
  issuer: string
  jwks: JsonWebKeySet
  fetchedAt: number
  jwksUri?: string
}

/** What `exportKeys()` gives and `keySet.seed` takes: the key sets of all issuers. JSON all through. */
export type KeySetSeed = readonly SeededKeySet[]

/** How key sets are fetched and kept. All times in milliseconds. */
export interface KeySetOptions {
  /** Where the keys are, for a single issuer; absent: the issuer's metadata says so. */
  uri?: string
  /** A set older than this is fetched again before it is used. 1 000 … 86 400 000, default 600 000. */
  cacheMaxAge?: number
  /** An unknown `kid` causes at most one fetch in this time. 0 … 3 600 000, default 5 000. */
  cooldownDuration?: number
  /** Total time of one attempt: connect, headers and body. 1 … 60 000, default 5 000. */
  timeoutDuration?: number
  /** While fetching fails, the last good set is used until it is this old. 0 … 604 800 000, default 3 600 000. */
  staleMaxAge?: number
  /** Key sets to begin with, from `exportKeys()`; or the single issuer's JWKS, counted as fetched now. */
  seed?: KeySetSeed | JsonWebKeySet
}

/** Bounds of the cache of verified tokens. */
export interface ResultCacheOptions {
  /** Tokens kept, at most. 1 … 1 000 000, default 10 000. */
  maxEntries?: number
  /** Memory used, at most, in bytes (estimated). 65 536 … 2 147 483 648, default 33 554 432. */
  maxBytes?: number
}

/** What the verifier of access tokens is configured with. */
export interface VerifierOptions {
  /** The trusted issuers, byte for byte as in `iss`. https only, except on loopback. */
  issuer: string | IssuerOption | readonly (string | IssuerOption)[]
  /** The audiences this resource server answers to; a token needs one of them. `null` switches the check off. */
  audience: string | readonly string[] | null
  /** Accepted signature algorithms, asymmetric ones only. Default `['RS256']`. */
  algorithms?: readonly AsymmetricAlgorithm[]
  /** Leeway at both ends of a token's life, in seconds. 0 … 3 600, default 5. */
  clockTolerance?: number
  /** Demand the profile of RFC 9068: `typ: at+jwt`, and `iat`, `jti`, `sub`, `client_id`. Default `false`. */
  strict?: boolean
  /** Claims that must be present. */
  requiredClaims?: readonly string[]
  /** Claims that must be present and fit. Predicates run on every verification, cached or not. */
  claims?: Readonly<Record<string, ClaimDemand>>
  keySet?: KeySetOptions
  /** The cache of verified tokens; `false` switches it off. */
  cache?: ResultCacheOptions | false
  /** Drives every age, expiry and back-off. Default: the machine's clock. */
  clock?: Clock
  /** Makes every request for metadata and keys. Default: the global `fetch`. */
  fetch?: typeof fetch
  onEvent?: EventListener
}

/** The names of {@link VerifierOptions}: a guard with further options hands on these and checks its own. */
export const VERIFIER_OPTION_NAMES = [
  'issuer',
  'audience',
  'algorithms',
  'clockTolerance',
  'strict',
  'requiredClaims',
  'claims',
  'keySet',
  'cache',
  'clock',
  'fetch',
  'onEvent',
] as const satisfies readonly (keyof VerifierOptions)[]

/** Checked key set options, every default filled in. */
export interface KeySetSettings {
  cacheMaxAge: number
  cooldownDuration: number
  timeoutDuration: number
  staleMaxAge: number
}

/** Checked options: copied, every default filled in. */
export interface VerifierSettings {
  issuers: readonly IssuerOption[]
  audiences: readonly string[] | null
  algorithms: ReadonlySet<AsymmetricAlgorithm>
  /** Seconds. */
  clockTolerance: number
  strict: boolean
  requiredClaims: readonly string[]
  claims: ReadonlyMap<string, ClaimDemand>
  keySet: KeySetSettings
  seed: KeySetSeed
  cache: Required<ResultCacheOptions> | null
  clock: Clock
  fetch: typeof fetch | undefined
  onEvent: EventListener | undefined
}

const KEY_SET_NUMBERS: Readonly<Record<keyof KeySetSettings, NumberRange>> = {
  cacheMaxAge: { min: 1_000, max: 86_400_000, fallback: 600_000 },
  cooldownDuration: { min: 0, max: 3_600_000, fallback: 5_000 },
  timeoutDuration: { min: 1, max: 60_000, fallback: 5_000 },
  staleMaxAge: { min: 0, max: 604_800_000, fallback: 3_600_000 },
}

const CACHE_NUMBERS: Readonly<Record<keyof ResultCacheOptions, NumberRange>> = {
  maxEntries: { min: 1, max: 1_000_000, fallback: 10_000 },
  maxBytes: { min: 65_536, max: 2_147_483_648, fallback: 33_554_432 },
}

/**
 * Checks a verifier's options and copies them; the argument is never written to.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, quoting the option (an unknown one too)
 */
export function readVerifierOptions(options: VerifierOptions): VerifierSettings {
  assertRecord(options, 'options')
  assertKnown(options, VERIFIER_OPTION_NAMES, 'option')
  const { algorithms = ['RS256'], keySet = {} } = options
  assertRecord(keySet, 'keySet')
  assertKnown(keySet, [...Object.keys(KEY_SET_NUMBERS), 'uri', 'seed'], 'option keySet.')
  const issuers = readIssuers(options.issuer, keySet.uri)
  const clock = readClock(options.clock)
  return {
    issuers,
    audiences: readAudience(options.audience),
    algorithms: readAlgorithms(algorithms, 'algorithms'),
    clockTolerance: checkNumber(options.clockTolerance, 'clockTolerance', { min: 0, max: 3_600, fallback: 5 }, false),
    strict: readStrict(options.strict),
    requiredClaims:
      options.requiredClaims === undefined ? [] : checkList(options.requiredClaims, 'requiredClaims', checkText),
    claims: readClaims(options.claims),
    keySet: readKeySetNumbers(keySet),
    seed: readSeed(keySet.seed, issuers, clock),
    cache: readCache(options.cache),
    clock,
    fetch: readFunction(options.fetch, 'fetch'),
    onEvent: readFunction(options.onEvent, 'onEvent'),
  }
}

function readIssuers(option: unknown, uri: unknown): IssuerOption[] {
  const list = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw invalidValue('option issuer must name at least one issuer')
  const issuers = list.map(readIssuer)
  if (new Set(issuers.map(({ issuer }) => issuer)).size !== issuers.length) {
    throw invalidValue('option issuer must not name an issuer twice')
  }
  if (uri === undefined) return issuers
  const [first] = issuers
  if (first === undefined || issuers.length > 1 || first.jwksUri !== undefined) {
    throw invalidValue('option keySet.uri is for one issuer without a jwksUri of its own')
  }
  return [{ issuer: first.issuer, jwksUri: checkUrl(uri, 'keySet.uri') }]
}

function readIssuer(entry: unknown): IssuerOption {
  if (typeof entry === 'string') return { issuer: checkIssuer(entry) }
  assertRecord(entry, 'issuer', 'a string or { issuer, jwksUri }')
  assertKnown(entry, ['issuer', 'jwksUri'], 'option issuer.')
  const issuer = checkIssuer(entry['issuer'])
  return entry['jwksUri'] === undefined ? { issuer } : { issuer, jwksUri: checkUrl(entry['jwksUri'], 'issuer.jwksUri') }
}

function checkIssuer(value: unknown): string {
  const issuer = checkUrl(value, 'issuer')
  // RFC 8414 §2: an issuer has no query and no fragment.
  if (/[?#]/.test(issuer)) throw invalidValue('option issuer must have no query and no fragment')
  return issuer
}

function readAudience(option: unknown): readonly string[] | null {
  if (option === null) return null
  if (option === undefined) throw invalidType('option audience is required; null switches the check off')
  const list = checkList(Array.isArray(option) ? option : [option], 'audience', checkText)
  if (list.length === 0) throw invalidValue('option audience must name at least one audience')
  return list
}

/** Demands a list of asymmetric algorithms that is not empty. */
export function readAlgorithms(option: unknown, label: string): ReadonlySet<AsymmetricAlgorithm> {
  const list = checkList(option, label, (value, name) => {
    const text = checkText(value, name)
    if (!isAsymmetricAlgorithm(text)) throw invalidValue(`option ${name} must be an asymmetric algorithm such as RS256`)
    return text
  })
  if (list.length === 0) throw invalidValue(`option ${label} must name at least one algorithm`)
  return new Set(list)
}

function readStrict(option: unknown): boolean {
  if (option !== undefined && typeof option !== 'boolean') throw invalidType('option strict must be a boolean')
  return option ?? false
}

function readClaims(option: unknown): ReadonlyMap<string, ClaimDemand> {
  if (option === undefined) return new Map()
  assertRecord(option, 'claims')
  return new Map(Object.entries(option).map(([name, demand]) => [name, readDemand(name, demand)]))
}

function readDemand(name: string, demand: unknown): ClaimDemand {
  if (isPredicate(demand)) return demand
  if (demand === null || ['string', 'number', 'boolean'].includes(typeof demand)) return demand as ClaimValue
  if (typeof demand === 'object') return structuredClone(demand) as ClaimValue
  throw invalidType(`option claims.${name} must be a JSON value or a function`)
}

function isPredicate(demand: unknown): demand is Extract<ClaimDemand, (...args: never) => unknown> {
  return typeof demand === 'function'
}

function readKeySetNumbers(keySet: KeySetOptions): KeySetSettings {
  const read = (name: keyof KeySetSettings) => checkNumber(keySet[name], `keySet.${name}`, KEY_SET_NUMBERS[name])
  return {
    cacheMaxAge: read('cacheMaxAge'),
    cooldownDuration: read('cooldownDuration'),
    timeoutDuration: read('timeoutDuration'),
    staleMaxAge: read('staleMaxAge'),
  }
}

function readSeed(option: unknown, issuers: readonly IssuerOption[], clock: Clock): KeySetSeed {
  if (option === undefined) return []
  if (Array.isArray(option)) return option.map(readSeededKeySet)
  assertRecord(option, 'keySet.seed', 'what exportKeys() gave, or a JWKS')
  const [first] = issuers
  if (first === undefined || issuers.length > 1) {
    throw invalidValue('option keySet.seed must name the issuer of each set where there are several')
  }
  return [{ issuer: first.issuer, jwks: readJwks(option), fetchedAt: clock.now() }]
}

function readSeededKeySet(entry: unknown): SeededKeySet {
  assertRecord(entry, 'keySet.seed', 'a list of { issuer, jwks, fetchedAt }')
  assertKnown(entry, ['issuer', 'jwks', 'fetchedAt', 'jwksUri'], 'option keySet.seed.')
  const jwks = entry['jwks']
  assertRecord(jwks, 'keySet.seed.jwks')
  const range = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: Number.NaN }
  const fetchedAt = checkNumber(entry['fetchedAt'] ?? null, 'keySet.seed.fetchedAt', range, false)
  const seeded = { issuer: checkText(entry['issuer'], 'keySet.seed.issuer'), jwks: readJwks(jwks), fetchedAt }
  if (entry['jwksUri'] === undefined) return seeded
  return { ...seeded, jwksUri: checkUrl(entry['jwksUri'], 'keySet.seed.jwksUri') }
}

function readJwks(jwks: Record<string, unknown>): JsonWebKeySet {
  const keys = jwks['keys']
  if (!Array.isArray(keys)) throw invalidType('option keySet.seed must hold a JWKS: { keys: [...] }')
  return { keys: structuredClone(keys) }
}

function readCache(option: unknown): Required<ResultCacheOptions> | null {
  if (option === false) return null
  const cache = option ?? {}
  assertRecord(cache, 'cache', 'false or { maxEntries, maxBytes }')
  assertKnown(cache, Object.keys(CACHE_NUMBERS), 'option cache.')
  return {
    maxEntries: checkNumber(cache['maxEntries'], 'cache.maxEntries', CACHE_NUMBERS.maxEntries),
    maxBytes: checkNumber(cache['maxBytes'], 'cache.maxBytes', CACHE_NUMBERS.maxBytes),
  }
}

function readClock(option: Clock | undefined): Clock {
  if (option === undefined) return systemClock
  if (typeof option !== 'object' || option === null || typeof option.now !== 'function') {
    throw invalidType('option clock must be an object with now()')
  }
  return option
}

function readFunction<T>(option: T, name: string): T {
  if (option !== undefined && typeof option !== 'function') throw invalidType(`option ${name} must be a function`)
  return option
}
