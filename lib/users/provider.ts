import type { ServerMetadata } from 'openid-client'
import { type Clock, forwardClock } from '../clock.js'
import { isInsecure } from '../authorization-server/context/issuer.js'
import { type Attempt, withAttempt } from './attempt.js'
import type { OpenidClient } from './openid-client.js'
import { describeFault, ProviderFault } from './provider-fault.js'

/** How long the provider's metadata are used, in milliseconds. */
const METADATA_AGE = 3_600_000

/** How long a provider may take for all that one request of a browser needs, in milliseconds. */
const TIMEOUT = 10_000

/** Where users sign in. */
export interface ProviderSettings {
  issuer: string
  clientId: string
  clientSecret: string
  scope: string
}

/** What the provider's answer must fit. */
export interface Expected {
  state: string
  nonce: string
  codeVerifier: string
  /** Seconds: how long ago the user may have signed in at the provider. */
  maxAge: number | undefined
}

/** Another OpenID provider. All of it rejects with ProviderFault. */
export interface Provider {
  /** Reads the metadata, if they are not known. */
  discover(): Promise<unknown>
  authorizationUrl(parameters: Readonly<Record<string, string>>): Promise<string>
  /** Exchanges the code of a callback. @returns claims that were verified: of the ID token, then of the userinfo endpoint */
  exchange(callback: URL, expected: Expected): Promise<Record<string, unknown>>
}

/** @param timeout milliseconds */
export function createProvider(
  settings: ProviderSettings,
  openid: OpenidClient,
  { clock, timeout = TIMEOUT }: { clock: Clock; timeout?: number },
): Provider {
  const { issuer, clientId, clientSecret } = settings
  const isLoopback = new URL(issuer).protocol === 'http:'
  const execute = isLoopback ? [openid.allowInsecureRequests] : []
  const age = forwardClock(clock)
  let known: { metadata: ServerMetadata; at: number } | undefined
  let loading: Promise<ServerMetadata> | undefined
  let keys: Parameters<OpenidClient['setJwksCache']>[1] | undefined

  /** @param began when the time began to run, as `performance.now()` has it */
  async function run<T>(work: (attempt: Attempt) => Promise<T>, began = performance.now()): Promise<T> {
    let attempted: Attempt | undefined
    try {
      return await withAttempt(timeout - (performance.now() - began), attempt => {
        attempted = attempt
        return work(attempt)
      })
    } catch (error) {
      throw describeFault(error, attempted?.wasAsked === true)
    }
  }

  async function load(attempt: Attempt): Promise<ServerMetadata> {
    const options = { execute, [openid.customFetch]: attempt.fetch }
    const metadata = (await openid.discovery(new URL(issuer), clientId, undefined, undefined, options)).serverMetadata()
    assertSound(metadata)
    known = { metadata, at: age.now() }
    return metadata
  }

  /** One at a time, however many browsers wait for it. */
  function discover(): Promise<ServerMetadata> {
    if (known !== undefined && age.now() - known.at < METADATA_AGE) return Promise.resolve(known.metadata)
    loading ??= run(attempt => load(attempt)).finally(() => {
      loading = undefined
    })
    return loading
  }

  function configure(metadata: ServerMetadata, attempt: Attempt): InstanceType<OpenidClient['Configuration']> {
    const skew = Math.round((clock.now() - Date.now()) / 1000)
    const config = new openid.Configuration(
      metadata,
      clientId,
      { [openid.clockSkew]: skew },
      takesForm(metadata) ? openid.ClientSecretPost(clientSecret) : openid.ClientSecretBasic(clientSecret),
    )
    for (const extend of execute) extend(config)
    config[openid.customFetch] = attempt.fetch
    // The ID token's signature too, though it comes from the provider itself.
    openid.enableNonRepudiationChecks(config)
    if (keys !== undefined) openid.setJwksCache(config, keys)
    return config
  }

  return {
    discover,
    async authorizationUrl(parameters) {
      const metadata = await discover()
      return run(async attempt => openid.buildAuthorizationUrl(configure(metadata, attempt), { ...parameters }).href)
    },
    async exchange(callback, { state, nonce, codeVerifier, maxAge }) {
      const began = performance.now()
      const metadata = await discover()
      return run(async attempt => {
        const config = configure(metadata, attempt)
        const tokens = await openid.authorizationCodeGrant(config, callback, {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true },
          ...(maxAge !== undefined && { maxAge }),
        })
        keys = openid.getJwksCache(config) ?? keys
        const claims = tokens.claims()
        if (claims === undefined) throw new ProviderFault('response', 'answered what cannot be used', 'no_id_token')
        if (!needsUserinfo(claims, metadata, settings.scope)) return { ...claims }
        return { ...(await openid.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims }
      }, began)
    },
  }
}

/** What must be there for a sign-in, and goes into the browser. */
function assertSound({ authorization_endpoint, token_endpoint, jwks_uri }: ServerMetadata): void {
  for (const url of [authorization_endpoint, token_endpoint, jwks_uri]) {
    if (url === undefined || !URL.canParse(url) || isInsecure(new URL(url)) || !/^https?:/.test(url)) {
      throw new ProviderFault('response', 'answered what cannot be used', 'metadata')
    }
  }
}

/** `client_secret_basic` is what counts where nothing is said (OpenID Connect Discovery 1.0 §3). */
function takesForm({ token_endpoint_auth_methods_supported: methods }: ServerMetadata): boolean {
  return methods?.includes('client_secret_post') === true
}

/** Some providers say who the user is in the ID token, others at the userinfo endpoint alone. */
function needsUserinfo(claims: object, { userinfo_endpoint }: ServerMetadata, scope: string): boolean {
  if (userinfo_endpoint === undefined) return false
  const asked = scope.split(' ')
  return (asked.includes('profile') && !('name' in claims)) || (asked.includes('email') && !('email' in claims))
}
