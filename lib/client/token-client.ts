import { forwardClock } from '../clock.js'
import { createFetchWithToken } from './fetch-with-token.js'
import { loadOauth4webapi } from './oauth4webapi.js'
import { readTokenClientOptions, readTokenRequest, type TokenClientOptions, type TokenRequest } from './options.js'
import { createTokenCache } from './token-cache.js'
import { createTokenEndpoint } from './token-endpoint.js'

/** Gets the tokens with which one service calls another. */
export interface TokenClient {
  /**
   * An access token: one that was fetched before, until 80 % of its life; then a new one, and where that cannot be had the
   * old one while it lives.
   *
   * @throws TokenRefusedError `ERR_TOKEN_REFUSED`: the issuer does not give it
   * @throws TokenUnavailableError `ERR_TOKEN_UNAVAILABLE`: not now; `retryAfter` says in how many seconds
   * @throws TokenResponseError `ERR_TOKEN_RESPONSE`: the issuer's answer cannot be used
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
   */
  getAccessToken(request?: TokenRequest): Promise<string>
  fetch: FetchWithToken
}

/**
 * `fetch` with a token. After a 401 it is sent once more with a new token, where its body can be sent again: not a stream.
 * The token goes to the URL that is given and nowhere else: redirects are not followed unless `init.redirect` is `follow`;
 * then `fetch` follows them, and drops the token on the way to another origin. It has no deadline beside `init.signal`.
 *
 * @param init no `Authorization` may stand in its headers
 * @throws TypeError `ERR_INVALID_ARG_VALUE`: the URL is neither https nor on loopback; nothing was sent
 * @throws what `getAccessToken` and `fetch` throw
 */
export type FetchWithToken = (
  input: string | URL | Request,
  init?: RequestInit,
  request?: Omit<TokenRequest, 'refused'>,
) => Promise<Response>

/**
 * Makes a client of an authorization server for a service that calls others: client credentials (RFC 6749 §4.4), by the
 * issuer's metadata (RFC 8414), through oauth4webapi, an optional peer. Nothing is sent before the first token is wanted.
 *
 * At most 1 000 tokens are kept. After a failure the issuer is left alone: as long as `Retry-After` says (an hour at most),
 * else up to a second, then twice as long with each further failure, 10 seconds at most.
 *
 * It does not look into the tokens: to check them is up to the API.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
 * @throws Error oauth4webapi is not installed
 * @example
 * const orders = tokenClient({ issuer: 'https://id.example.com', clientId, clientSecret, audience: 'https://orders.example.com' })
 * const answer = await orders.fetch('https://orders.example.com/orders')
 */
export function tokenClient(options: TokenClientOptions): TokenClient {
  const settings = readTokenClientOptions(options)
  const age = forwardClock(settings.clock)
  const cache = createTokenCache(createTokenEndpoint(settings, loadOauth4webapi(), age), age)

  async function getAccessToken(request: TokenRequest = {}): Promise<string> {
    const { refused, ...target } = readTokenRequest(request, settings.target)
    return cache.get(target, refused)
  }

  return { getAccessToken, fetch: createFetchWithToken(getAccessToken, settings.fetch) }
}
