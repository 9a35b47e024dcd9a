import type { Clock } from '../clock.js'
import { InvalidTokenError, TemporarilyUnavailableError } from '../errors.js'
import type { AsymmetricAlgorithm } from './algorithms.js'
import { emit, type EventListener } from './events.js'
import { FetchFailure, type FetchJson, withDeadline } from './http-fetch.js'
import { discoverJwksUri } from './issuer-metadata.js'
import { fits, readKeys, type VerificationKey } from './jwk.js'
import type { IssuerOption, KeySetSettings, SeededKeySet } from './options.js'

/** The set is fetched anew in the background when it has this share of its life behind it. */
const REFRESH_AT = 0.8
/** Metadata is read again after so many milliseconds, or when its key set fails. */
const METADATA_AGE = 86_400_000
/** Back-off after failures, in milliseconds: up to a second first, doubled each time, with jitter. */
const FIRST_BACK_OFF = 1_000
const MAX_BACK_OFF = 10_000
/** Keys that are tried for one token, at most. */
const MAX_CANDIDATES = 8

/** A key set as it was fetched. */
interface Loaded {
  fetchedAt: number
  keys: readonly VerificationKey[]
  byKid: ReadonlyMap<string, readonly VerificationKey[]>
  raw: readonly unknown[]
}

export interface KeySetEnvironment {
  issuer: IssuerOption
  settings: KeySetSettings
  clock: Clock
  fetch: typeof fetch | undefined
  onEvent: EventListener | undefined
}

/**
 * The keys of one issuer. One fetch at a time; fetched anew before it expires; a successful fetch replaces the whole set;
 * while fetching fails the last good one is used until it is `staleMaxAge` old. A failure is forgotten after its back-off.
 */
export class KeySet {
  readonly #env: KeySetEnvironment
  #loaded: Loaded | undefined
  #running: Promise<Loaded> | undefined
  #attemptedAt = Number.NEGATIVE_INFINITY
  #retryAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #reportedStale: Loaded | undefined
  #metadata: { uri: string; readAt: number } | undefined

  constructor(env: KeySetEnvironment) {
    this.#env = env
  }

  /** Begins with a set that was fetched before, unless there is a newer one. Its age counts from that fetch. */
  seed({ jwks, fetchedAt }: SeededKeySet): void {
    if (this.#loaded !== undefined && this.#loaded.fetchedAt >= fetchedAt) return
    this.#replace(jwks.keys, Math.min(fetchedAt, this.#env.clock.now()))
  }

  /** What {@link seed} takes; undefined where nothing was fetched yet. */
  export(): SeededKeySet | undefined {
    if (this.#loaded === undefined) return undefined
    const { raw, fetchedAt } = this.#loaded
    return { issuer: this.#env.issuer.issuer, jwks: { keys: structuredClone(raw) }, fetchedAt }
  }

  /** May what a live key verified before be used now, without waiting? Refreshes in the background where it is time. */
  isUsable(now: number): boolean {
    if (this.#loaded === undefined) return false
    const age = now - this.#loaded.fetchedAt
    if (age < this.#env.settings.cacheMaxAge * REFRESH_AT) return true
    if (age < this.#env.settings.cacheMaxAge) return this.#refreshInBackground(now)
    return now < this.#retryAt && this.#isWithinStale(age)
  }

  /**
   * The keys that may have signed a token: those with its `kid`, or every one where it names none. At once where the set
   * is at hand.
   *
   * @throws InvalidTokenError no key fits
   * @throws TemporarilyUnavailableError the keys cannot be had
   */
  candidates(
    kid: string | undefined,
    algorithm: AsymmetricAlgorithm,
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]> {
    const now = this.#env.clock.now()
    const loaded = this.#current(now)
    if (loaded instanceof Promise) return loaded.then(set => this.#select(set, kid, algorithm))
    return this.#select(loaded, kid, algorithm)
  }

  /** Resolves when there is a set to use. @throws TemporarilyUnavailableError */
  async ready(): Promise<void> {
    await this.#current(this.#env.clock.now())
  }

  #select(
    loaded: Loaded,
    kid: string | undefined,
    algorithm: AsymmetricAlgorithm,
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]> {
    const named = kid === undefined ? loaded.keys : loaded.byKid.get(kid)
    if (named !== undefined) return pick(named, algorithm)
    const now = this.#env.clock.now()
    if (now < this.#retryAt) throw this.#unavailable(now)
    const isCooling = this.#failures === 0 && now - this.#attemptedAt < this.#env.settings.cooldownDuration
    if (this.#running === undefined && isCooling) throw unknownKid()
    return this.#refresh(now).then(
      fresh => pick(fresh.byKid.get(kid ?? '') ?? [], algorithm),
      () => {
        throw this.#unavailable(this.#env.clock.now())
      },
    )
  }

  #current(now: number): Loaded | Promise<Loaded> {
    const loaded = this.#loaded
    if (loaded !== undefined && this.isUsable(now)) return loaded
    if (now < this.#retryAt) return this.#afterFailure(now)
    return this.#refresh(now).catch(() => this.#afterFailure(this.#env.clock.now()))
  }

  #afterFailure(now: number): Loaded {
    const loaded = this.#loaded
    if (loaded !== undefined && this.#isWithinStale(now - loaded.fetchedAt)) return loaded
    if (loaded !== undefined && this.#reportedStale !== loaded) {
      this.#reportedStale = loaded
      const { issuer } = this.#env.issuer
      this.#emit({ type: 'key_set_stale', code: 'too_old', issuer, ageMs: now - loaded.fetchedAt })
    }
    throw this.#unavailable(now)
  }

  #isWithinStale(age: number): boolean {
    const { cacheMaxAge, staleMaxAge } = this.#env.settings
    return age < Math.max(cacheMaxAge, staleMaxAge)
  }

  #unavailable(now: number): TemporarilyUnavailableError {
    const seconds = Math.max(1, Math.ceil((this.#retryAt - now) / 1000))
    return new TemporarilyUnavailableError('The access token cannot be verified now', {
      detail: 'the keys of the issuer cannot be had',
      headers: { 'Retry-After': String(seconds) },
    })
  }

  #refreshInBackground(now: number): true {
    if (this.#running === undefined && now >= this.#retryAt) this.#refresh(now).catch(() => undefined)
    return true
  }

  #refresh(now: number): Promise<Loaded> {
    if (this.#running !== undefined) return this.#running
    this.#attemptedAt = now
    const { fetch: fetchFunction = globalThis.fetch, settings } = this.#env
    const attempt = withDeadline(fetchFunction, settings.timeoutDuration, fetchJson => this.#load(fetchJson))
    this.#running = attempt
      .then(
        keys => this.#succeed(keys, now),
        (error: unknown) => this.#fail(error, now),
      )
      .finally(() => {
        this.#running = undefined
      })
    return this.#running
  }

  async #load(fetchJson: FetchJson): Promise<readonly unknown[]> {
    const { keys } = await fetchJson(await this.#jwksUri(fetchJson))
    if (!Array.isArray(keys)) throw new FetchFailure('not_a_key_set')
    return keys
  }

  async #jwksUri(fetchJson: FetchJson): Promise<string> {
    const { issuer, clock, onEvent } = this.#env
    if (issuer.jwksUri !== undefined) return issuer.jwksUri
    const now = clock.now()
    if (this.#metadata !== undefined && now - this.#metadata.readAt < METADATA_AGE) return this.#metadata.uri
    const uri = await discoverJwksUri(issuer.issuer, fetchJson, onEvent)
    this.#metadata = { uri, readAt: now }
    return uri
  }

  #succeed(keys: readonly unknown[], startedAt: number): Loaded {
    const now = this.#env.clock.now()
    this.#failures = 0
    this.#retryAt = Number.NEGATIVE_INFINITY
    const loaded = this.#replace(keys, now)
    const { issuer } = this.#env.issuer
    const durationMs = now - startedAt
    this.#emit({ type: 'key_set_loaded', code: 'loaded', issuer, keys: loaded.keys.length, durationMs })
    return loaded
  }

  #fail(error: unknown, startedAt: number): never {
    const now = this.#env.clock.now()
    this.#failures++
    this.#metadata = undefined
    const backOff = Math.min(FIRST_BACK_OFF * 2 ** Math.min(this.#failures - 1, 10), MAX_BACK_OFF)
    this.#retryAt = now + backOff * (0.5 + Math.random() / 2)
    this.#emit({
      type: 'key_set_failed',
      code: error instanceof FetchFailure ? error.code : 'network',
      issuer: this.#env.issuer.issuer,
      durationMs: now - startedAt,
      retryInMs: Math.round(this.#retryAt - now),
      ...(this.#loaded !== undefined && { ageMs: now - this.#loaded.fetchedAt }),
      cause: error,
    })
    throw error
  }

  /** A key whose material is the same stays the same object; every other one is dead from now on. */
  #replace(raw: readonly unknown[], fetchedAt: number): Loaded {
    const before = this.#loaded?.keys ?? []
    const { issuer } = this.#env.issuer
    const read = readKeys(raw, (code, kid) =>
      this.#emit({ type: 'key_skipped', code, issuer, ...(kid !== undefined && { kid }) }),
    )
    const keys = read.map(key => before.find(old => isSameKey(old, key)) ?? key)
    for (const old of before) old.live = keys.includes(old)
    const byKid = new Map<string, VerificationKey[]>()
    for (const key of keys) {
      if (key.kid !== undefined) byKid.set(key.kid, [...(byKid.get(key.kid) ?? []), key])
    }
    this.#loaded = { fetchedAt, keys, byKid, raw }
    return this.#loaded
  }

  #emit(event: Parameters<EventListener>[0]): void {
    emit(this.#env.onEvent, event)
  }
}

function isSameKey(one: VerificationKey, other: VerificationKey): boolean {
  return one.kid === other.kid && one.alg === other.alg && one.material === other.material
}

function pick(keys: readonly VerificationKey[], algorithm: AsymmetricAlgorithm): readonly VerificationKey[] {
  if (keys.length === 1 && keys[0] !== undefined && fits(keys[0], algorithm)) return keys
  const fitting = keys.filter(key => fits(key, algorithm)).slice(0, MAX_CANDIDATES)
  if (fitting.length === 0) throw unknownKid()
  return fitting
}

function unknownKid(): InvalidTokenError {
  return new InvalidTokenError('The access token is invalid, expired or revoked', { detail: 'key' })
}
