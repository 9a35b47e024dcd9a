import { type Clock, systemClock } from '../../clock.js'
import { copyData } from '../../copy.js'
import { invalidType, invalidValue } from '../../errors.js'
import { type AsymmetricAlgorithm, isAsymmetricAlgorithm } from '../contract/algorithms.js'
import {
  assertKnown,
  assertRecord,
  checkList,
  checkNumber,
  checkText,
  checkUrl,
  type NumberRange,
} from './option-checks.js'
import { readIssuers } from './read-issuers.js'
import {
  type ClaimDemand,
  type ClaimValue,
  type IssuerSettings,
  type JsonWebKeySet,
  type KeySetOptions,
  type KeySetSeed,
  type KeySetSettings,
  type ResultCacheOptions,
  type SeededKeySet,
  VERIFIER_OPTION_NAMES,
  type VerifierOptions,
  type VerifierSettings,
} from './options.js'

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

/** @param label what stands before the name of a claim in an error */
export function readClaims(option: unknown, label = 'option claims.'): ReadonlyMap<string, ClaimDemand> {
  if (option === undefined) return new Map()
  assertRecord(option, 'claims')
  return new Map(Object.entries(option).map(([name, demand]) => [name, readDemand(`${label}${name}`, demand)]))
}

function readDemand(name: string, demand: unknown): ClaimDemand {
  if (isPredicate(demand)) return demand
  if (demand === null || ['string', 'number', 'boolean'].includes(typeof demand)) return demand as ClaimValue
  if (typeof demand === 'object') return copyData(demand) as ClaimValue
  throw invalidType(`${name} must be a JSON value or a function`)
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

function readSeed(option: unknown, issuers: readonly IssuerSettings[], clock: Clock): KeySetSeed {
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
  return { keys: copyData(keys) }
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
