import type { Clock } from '../../clock.js'
import type { EventListener } from '../contract/events.js'
import { FetchFailure, type FetchJson } from './http-fetch.js'
import { discover } from './issuer-metadata.js'
import type { IssuerSettings } from '../options/options.js'

/** Metadata is read again after so many milliseconds, or when the key set it names fails. */
const METADATA_AGE = 86_400_000

/** Where an issuer's keys are fetched: at a given place, or where the issuer's metadata says. */
export class JwksSource {
  readonly #issuer: IssuerSettings
  readonly #clock: Clock
  readonly #listener: EventListener
  #uri: string | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #attempts = 0

  /** @param clock one that never goes back */
  constructor(issuer: IssuerSettings, clock: Clock, listener: EventListener) {
    this.#issuer = issuer
    this.#clock = clock
    this.#listener = listener
    this.#uri = issuer.jwksUri
  }

  /** Fetches the entries of the key set. @throws FetchFailure */
  async load(fetchJson: FetchJson): Promise<readonly unknown[]> {
    try {
      const { keys } = await fetchJson(await this.#locate(fetchJson))
      if (!Array.isArray(keys)) throw new FetchFailure('not_a_key_set')
      this.#attempts = 0
      return keys
    } catch (error) {
      this.#attempts++
      throw error
    }
  }

  async #locate(fetchJson: FetchJson): Promise<string> {
    if (this.#uri !== undefined && this.#isGood()) return this.#uri
    const swap = this.#attempts % 2 === 1 && this.#uri === undefined
    try {
      this.#uri = await discover('jwks_uri', this.#issuer, fetchJson, this.#listener, swap)
      this.#readAt = this.#clock.now()
      return this.#uri
    } catch (error) {
      // The metadata may be down where the keys are not.
      if (this.#uri !== undefined && error instanceof FetchFailure && error.code !== 'timeout') return this.#uri
      throw error
    }
  }

  /** After a failure the metadata is read anew, by every other attempt: it may hang while the keys can be had. */
  #isGood(): boolean {
    if (this.#issuer.jwksUri !== undefined) return true
    if (this.#attempts > 0) return this.#attempts % 2 === 0
    return this.#clock.now() - this.#readAt < METADATA_AGE
  }
}
