import type { AuthorizationServer, ClientAuth } from 'oauth4webapi'
import type { Clock } from '../clock.js'
import { BackOff } from '../resource-server/keys/back-off.js'
import { type TokenClientError, TokenRefusedError, TokenResponseError, TokenUnavailableError } from './errors.js'
import { describeAnswer, IssuerFault, plain } from './issuer-fault.js'
import { type IssuerFetch, withIssuer } from './issuer-fetch.js'
import { createIssuerMetadata } from './issuer-metadata.js'
import type { Oauth4webapi } from './oauth4webapi.js'
import type { TokenClientSettings, TokenTarget } from './options.js'

/** Characters of a token, at most. */
const MAX_TOKEN = 65_536

/** How long a token is used of which the issuer does not say it (RFC 6749 §5.1), in milliseconds. */
const UNSTATED_LIFE = 300_000

/** A token as it was issued. */
export interface IssuedToken {
  token: string
  /** When it was asked for: its life began then, or later. Milliseconds of the clock that never goes back. */
  askedAt: number
  /** Milliseconds. */
  life: number
}

/** Gets tokens from the issuer, which is left alone for a while after it has failed. */
export interface TokenEndpoint {
  /** @throws TokenClientError at once, while the issuer is left alone */
  request(target: TokenTarget): Promise<IssuedToken>
}

/** @param age a clock that never goes back */
export function createTokenEndpoint(settings: TokenClientSettings, oauth: Oauth4webapi, age: Clock): TokenEndpoint {
  const metadata = createIssuerMetadata(settings, oauth, age)
  const backOff = new BackOff()
  let askAgainAt = Number.NEGATIVE_INFINITY
  let lastDetail = ''

  const remaining = (now: number): number => Math.max(askAgainAt - now, backOff.remaining(now))

  /** Notes a failure; those that come while the issuer is left alone already belong to the same one. */
  function fail(fault: IssuerFault): TokenClientError {
    const { kind, detail, wait } = fault
    const now = age.now()
    lastDetail = detail
    if (wait !== undefined) askAgainAt = Math.max(askAgainAt, now + wait)
    else if (remaining(now) <= 0) backOff.fail(now)
    if (kind === 'unavailable') return new TokenUnavailableError(detail, remaining(now))
    metadata.doubt()
    return new TokenResponseError(detail)
  }

  return {
    async request(target) {
      const askedAt = age.now()
      if (remaining(askedAt) > 0) throw new TokenUnavailableError(lastDetail, remaining(askedAt))
      try {
        // Before the deadline of the whole begins: its own then ends first, and nothing is left under way.
        const reading = metadata.read()
        const answer = await withIssuer(settings, async send =>
          exchange({ settings, oauth, target, send }, await reading),
        )
        if (remaining(age.now()) <= 0) backOff.clear()
        return { ...answer, askedAt }
      } catch (error) {
        throw error instanceof IssuerFault ? fail(error) : error
      }
    },
  }
}

interface Exchange {
  settings: TokenClientSettings
  oauth: Oauth4webapi
  target: TokenTarget
  send: IssuerFetch
}

/** The client credentials grant (RFC 6749 §4.4). @throws IssuerFault, TokenRefusedError */
async function exchange(
  { settings, oauth, target, send }: Exchange,
  metadata: AuthorizationServer,
): Promise<Omit<IssuedToken, 'askedAt'>> {
  const client = { client_id: settings.clientId }
  const options = {
    [oauth.customFetch]: send,
    [oauth.allowInsecureRequests]: settings.issuer.startsWith('http:'),
  }
  let status: number | undefined
  try {
    const authentication = authenticate(settings, oauth, metadata)
    const response = await oauth.clientCredentialsGrantRequest(
      ...([metadata, client, authentication, parametersOf(target), options] as const),
    )
    status = response.status
    const answer = await oauth.processClientCredentialsResponse(metadata, client, response)
    if (answer.token_type !== 'bearer') throw new IssuerFault('response', 'token_type')
    if (!/^[\x21-\x7e]+$/.test(answer.access_token)) throw new IssuerFault('response', 'token_characters')
    if (answer.access_token.length > MAX_TOKEN) throw new IssuerFault('response', 'too_large')
    const { access_token: token, expires_in: seconds } = answer
    return { token, life: seconds === undefined ? UNSTATED_LIFE : seconds * 1000 }
  } catch (error) {
    if (status === 400 || status === 401 || status === 403) {
      throw new TokenRefusedError(status, plain(Object(error).error))
    }
    throw describeAnswer(error, status)
  }
}

/** Basic is what every issuer must take, and what counts where nothing is said (RFC 6749 §2.3.1, RFC 8414 §2). */
function authenticate(
  { authMethod, clientSecret }: TokenClientSettings,
  { ClientSecretBasic, ClientSecretPost }: Oauth4webapi,
  { token_endpoint_auth_methods_supported: methods }: AuthorizationServer,
): ClientAuth {
  const takesFormOnly =
    Array.isArray(methods) && methods.includes('client_secret_post') && !methods.includes('client_secret_basic')
  const method = authMethod ?? (takesFormOnly ? 'client_secret_post' : 'client_secret_basic')
  return method === 'client_secret_post' ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret)
}

/**
 * The API by both names that issuers know it by: `audience`, and `resource` where it is a URI (RFC 8707 §2). Either is
 * ignored by those who do not know it (RFC 6749 §3.2).
 */
function parametersOf({ audience, scope }: TokenTarget): URLSearchParams {
  const parameters = new URLSearchParams()
  if (audience !== null) {
    parameters.set('audience', audience)
    if (URL.canParse(audience) && !audience.includes('#')) parameters.set('resource', audience)
  }
  if (scope !== undefined) parameters.set('scope', scope)
  return parameters
}
