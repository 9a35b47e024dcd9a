import { type Clock, type ForwardClock, forwardClock } from '../../clock.js'
import { TemporarilyUnavailableError } from '../../errors.js'
import type { AsymmetricAlgorithm } from '../contract/algorithms.js'
import { BackOff } from './back-off.js'
import { FetchFailure, withDeadline } from './http-fetch.js'
import { isTemplate } from '../options/issuer-template.js'
import { jwkOf, type VerificationKey } from './jwk.js'
import { JwksSource } from './jwks-source.js'
import { noteUser } from './key-changes.js'
import { Listeners } from './listeners.js'
import { type LoadedKeys, pickKeys, replaceKeys, type WantedKeys } from './loaded-keys.js'
import type { IssuerSettings, KeySetSettings, SeededKeySet } from '../options/options.js'
import { refuse } from '../contract/refuse.js'

/** The set is fetched anew in the background when it has this share of its life behind it. */
const REFRESH_AT = 0.8

export interface KeySetEnvironment {
  issuer: Omit<IssuerSettings, 'tenants'>
  settings: KeySetSettings
  clock: Clock
  /** undefined: the global `fetch` of the moment. */
  fetch: typeof fetch | undefined
}

type Keys = readonly VerificationKey[]

/**
 * The keys of one issuer. One fetch at a time; fetched anew before it expires; a successful fetch replaces the whole set;
 * while fetching fails the last good one is used until it is `staleMaxAge` old. A failure is forgotten after its back-off.
 */
export class KeySet {
  readonly listeners = new Listeners()
  /** Do many tenants have these keys? */
  readonly isShared: boolean
  readonly #env: KeySetEnvironment
  /** Every age here is by this one: the other may be set back, or may have been ahead and be corrected. */
  readonly #clock: ForwardClock
  readonly #source: JwksSource
  readonly #backOff = new BackOff()
  #loaded: LoadedKeys | undefined
  #running: Promise<LoadedKeys> | undefined
  /** Counts the times that its keys were outdated. */
  #edition = 0
  #attemptedAt = Number.NEGATIVE_INFINITY
  #reportedStale: LoadedKeys | undefined

  constructor(env: KeySetEnvironment) {
    this.#env = env
    this.isShared = isTemplate(env.issuer.issuer)
    this.#clock = forwardClock(env.clock)
    this.#source = new JwksSource(env.issuer, this.#clock, event => this.listeners.emit(event))
    if (env.fetch !== undefined) noteUser(env.fetch, this)
  }

  /** Begins with a set that was fetched before; where one is loaded already, that one stays. Its age counts from the fetch. */
  seed({ jwks, fetchedAt }: SeededKeySet): void {
    if (this.#loaded !== undefined) return
    const now = this.#env.clock.now()
    this.#replace(jwks.keys, this.#clock.at(now) - Math.max(0, now - fetchedAt))
  }

  /** What {@link seed} takes; undefined where nothing was fetched yet. */
  export(): SeededKeySet | undefined {
    if (this.#loaded === undefined) return undefined
    const { keys, fetchedAt } = this.#loaded
    const now = this.#env.clock.now()
    const age = this.#clock.at(now) - fetchedAt
    return { issuer: this.#env.issuer.issuer, jwks: { keys: keys.map(jwkOf) }, fetchedAt: Math.max(0, now - age) }
  }

  /** The issuer as it is configured: with many tenants the template. */
  get issuer(): string {
    return this.#env.issuer.issuer
  }

  /** Age of the set, in milliseconds; undefined where nothing was fetched yet. */
  get age(): number | undefined {
    return this.#ageAt(this.#clock.now())
  }

  /**
   * May what a live key verified before be used now, without waiting? Refreshes in the background where it is time.
   * @param time what the clock of the options says at this moment
   */
  isUsable(time: number): boolean {
    return this.#isFresh(this.#clock.at(time))
  }

  #ageAt(now: number): number | undefined {
    return this.#loaded === undefined ? undefined : now - this.#loaded.fetchedAt
  }

  #isFresh(now: number): boolean {
    const age = this.#ageAt(now)
    if (age === undefined) return false
    const { cacheMaxAge } = this.#env.settings
    if (age < cacheMaxAge * REFRESH_AT) return true
    if (age >= cacheMaxAge && !(this.#isFailing(now) && this.#isWithinStale(age))) return false
    this.#refreshInBackground(now)
    return true
  }

  /**
   * The keys that may have signed a token: those with its `kid`, or every one where it names none. At once where the set
   * is at hand. Of many tenants' keys some may be one tenant's alone.
   *
   * @param iss the issuer that the token names, which is this one
   * @throws InvalidTokenError no key fits
   * @throws TemporarilyUnavailableError the keys cannot be had
   */
  candidates(kid: string | undefined, algorithm: AsymmetricAlgorithm, iss: string): Keys | Promise<Keys> {
    const wanted = { kid, algorithm, issuers: this.isShared ? [this.issuer, iss] : undefined }
    const loaded = this.#current(this.#clock.now())
    if (loaded instanceof Promise) return loaded.then(set => this.#select(set, wanted))
    return this.#select(loaded, wanted)
  }

  /** The keys are others by now: what is here, or on its way, counts as too old. What failed before is forgotten. */
  outdate(): void {
    this.#edition++
    this.#backOff.clear()
    if (this.#loaded === undefined) return
    const tooOld = this.#clock.now() - this.#env.settings.cacheMaxAge
    this.#loaded = { ...this.#loaded, fetchedAt: Math.min(this.#loaded.fetchedAt, tooOld) }
  }

  /** Resolves when there is a set to use. @throws TemporarilyUnavailableError */
  async ready(): Promise<void> {
    await this.#current(this.#clock.now())
  }

  #select(loaded: LoadedKeys, wanted: WantedKeys): Keys | Promise<Keys> {
    const { kid } = wanted
    const named = kid === undefined ? loaded.keys : loaded.byKid.get(kid)
    if (named !== undefined) return pickKeys(named, wanted)
    const now = this.#clock.now()
    if (this.#backOff.remaining(now) > 0) throw this.#unavailable(now)
    if (this.#running === undefined && this.#isCooling(now)) throw refuse('key')
    return this.#refresh(now).then(
      fresh => pickKeys(fresh.byKid.get(kid ?? '') ?? [], wanted),
      (cause: unknown) => {
        throw this.#unavailable(this.#clock.now(), cause)
      },
    )
  }

  /** Was there a successful attempt so recently that an unknown `kid` is taken for an invented one? */
  #isCooling(now: number): boolean {
    return !this.#backOff.hasFailed && now - this.#attemptedAt < this.#env.settings.cooldownDuration
  }

  #current(now: number): LoadedKeys | Promise<LoadedKeys> {
    if (this.#loaded !== undefined && this.#isFresh(now)) return this.#loaded
    if (this.#backOff.remaining(now) > 0) return this.#afterFailure(now)
    return this.#refresh(now).catch((cause: unknown) => this.#afterFailure(this.#clock.now(), cause))
  }

  #afterFailure(now: number, cause?: unknown): LoadedKeys {
    const loaded = this.#loaded
    if (loaded !== undefined && this.#isWithinStale(now - loaded.fetchedAt)) return loaded
    if (loaded !== undefined && this.#reportedStale !== loaded) {
      this.#reportedStale = loaded
      const { issuer } = this.#env.issuer
      this.listeners.emit({ type: 'key_set_stale', code: 'too_old', issuer, ageMs: now - loaded.fetchedAt })
    }
    throw this.#unavailable(now, cause)
  }

  /** Did the last attempt fail, not so long ago? Then nobody waits for the next one while there is a set to use. */
  #isFailing(now: number): boolean {
    return this.#backOff.hasFailed && this.#backOff.overdue(now) < this.#env.settings.cacheMaxAge
  }

  #isWithinStale(age: number): boolean {
    const { cacheMaxAge, staleMaxAge } = this.#env.settings
    return age < Math.max(cacheMaxAge, staleMaxAge)
  }

  #unavailable(now: number, cause?: unknown): TemporarilyUnavailableError {
    const seconds = Math.max(1, Math.ceil(this.#backOff.remaining(now) / 1000))
    return new TemporarilyUnavailableError('The access token cannot be verified now', {
      detail: 'keys_unavailable',
      headers: { 'Retry-After': String(seconds) },
      cause,
    })
  }

  #refreshInBackground(now: number): void {
    if (this.#running !== undefined || this.#backOff.remaining(now) > 0) return
    this.#refresh(now).catch(() => undefined)
  }

  #refresh(now: number): Promise<LoadedKeys> {
    if (this.#running !== undefined) return this.#running
    this.#running = this.#attempt(now).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  #attempt(now: number): Promise<LoadedKeys> {
    this.#attemptedAt = now
    const { fetch: fetchFunction = globalThis.fetch, settings } = this.#env
    noteUser(fetchFunction, this)
    const edition = this.#edition
    const isOutdated = (): boolean => edition !== this.#edition
    return withDeadline(fetchFunction, settings.timeoutDuration, fetchJson => this.#source.load(fetchJson)).then(
      keys => (isOutdated() ? this.#attempt(this.#clock.now()) : this.#succeed(keys, now)),
      (error: unknown) => (isOutdated() ? this.#attempt(this.#clock.now()) : this.#fail(error, now)),
    )
  }

  /** A set is as old as the attempt that fetched it: the issuer may have changed it while the answer was on its way. */
  #succeed(raw: readonly unknown[], startedAt: number): LoadedKeys {
    const now = this.#clock.now()
    const age = this.#ageAt(now)
    this.#backOff.clear()
    const loaded = this.#replace(raw, startedAt)
    this.listeners.emit({
      type: 'key_set_loaded',
      code: 'loaded',
      issuer: this.#env.issuer.issuer,
      keys: loaded.keys.length,
      durationMs: now - startedAt,
      ...(age !== undefined && { ageMs: age }),
    })
    return loaded
  }

  #fail(error: unknown, startedAt: number): never {
    const now = this.#clock.now()
    const age = this.#ageAt(now)
    this.#backOff.fail(now)
    this.listeners.emit({
      type: 'key_set_failed',
      ...describeFailure(error),
      issuer: this.#env.issuer.issuer,
      durationMs: now - startedAt,
      retryInMs: Math.round(this.#backOff.remaining(now)),
      ...(age !== undefined && { ageMs: age }),
      cause: error,
    })
    throw error
  }

  #replace(raw: readonly unknown[], fetchedAt: number): LoadedKeys {
    const { issuer } = this.#env.issuer
    this.#loaded = replaceKeys(this.#loaded, raw, fetchedAt, (code, kid) =>
      this.listeners.emit({ type: 'key_skipped', code, issuer, ...(kid !== undefined && { kid }) }),
    )
    return this.#loaded
  }
}

function describeFailure(error: unknown): { code: string; httpStatus?: number } {
  if (!(error instanceof FetchFailure)) return { code: 'network' }
  const { code, status } = error
  return status === undefined ? { code } : { code, httpStatus: status }
}
