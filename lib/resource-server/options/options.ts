import type { Clock } from '../../clock.js'
import type { AsymmetricAlgorithm } from '../contract/algorithms.js'
import type { EventListener } from '../contract/events.js'
import type { AccessTokenClaims } from '../contract/types.js'

/** Says whether a tenant may call. @param tid the tenant's id, in lower case */
export type TenantPredicate = (tid: string) => boolean | Promise<boolean>

/** One trusted issuer, or, with `{tenantid}` in its path, one for each of many tenants. */
export interface IssuerOption {
  /** Byte for byte as in `iss`. Without `jwksUri` a URL; with it any text of 1 … 600 printable characters. */
  issuer: string
  /** Where the keys are; on another host, too. Absent: the issuer's metadata says so (RFC 8414, OpenID discovery). */
  jwksUri?: string
  /** Also fetch metadata and keys by http from hosts that are not loopback. Reported by an event. Default `false`. */
  allowInsecureRequests?: boolean
  /**
   * Required where the issuer has `{tenantid}`, for which a token's own `tid` is put: the ids of the tenants that may
   * call, or a function, which is asked on every request. One that throws, rejects or gives no boolean means no.
   */
  tenants?: readonly string[] | TenantPredicate
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
  /** The trusted issuers, byte for byte as in `iss`. https only, except on loopback, and where one allows http. */
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

/** A checked issuer. */
export interface IssuerSettings {
  issuer: string
  jwksUri?: string
  /** Absent: no. */
  allowInsecureRequests?: boolean
  /** With a template only. Ids in lower case. */
  tenants?: ReadonlySet<string> | TenantPredicate
}

/** Checked options: copied, every default filled in. */
export interface VerifierSettings {
  issuers: readonly IssuerSettings[]
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
