import type { Clock } from '../../clock.js'
import type { IntrospectionSettings } from '../options/introspection-options.js'
import { withDeadline } from './http-fetch.js'
import { discover } from './issuer-metadata.js'

/** Metadata is read again after so many milliseconds, or when the endpoint it names fails. */
const METADATA_AGE = 86_400_000

interface Environment {
  /** One that never goes back. */
  clock: Clock
  fetch: typeof fetch | undefined
  timeout: number
}

/** Where an issuer answers introspection: at a given place, or where its metadata says. */
export class EndpointSource {
  readonly #settings: IntrospectionSettings
  readonly #environment: Environment
  #known: { uri: string; readAt: number } | undefined
  #running: Promise<string> | undefined

  constructor(settings: IntrospectionSettings, environment: Environment) {
    this.#settings = settings
    this.#environment = environment
  }

  /** One request for metadata at a time, whoever asks. @throws FetchFailure */
  async locate(): Promise<string> {
    if (this.#settings.endpoint !== undefined) return this.#settings.endpoint
    const known = this.#known
    if (known !== undefined && this.#environment.clock.now() - known.readAt < METADATA_AGE) return known.uri
    this.#running ??= this.#discover().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** The endpoint has failed: it may have moved. */
  doubt(): void {
    this.#known = undefined
  }

  async #discover(): Promise<string> {
    const { clock, fetch = globalThis.fetch, timeout } = this.#environment
    const { issuer } = this.#settings
    const uri = await withDeadline(fetch, timeout, fetchJson =>
      discover('introspection_endpoint', issuer, fetchJson, undefined),
    )
    this.#known = { uri, readAt: clock.now() }
    return uri
  }
}
