import { types } from 'node:util'
import { invalidType, invalidValue } from '../errors.js'
import { openBody } from '../resource-server/keys/response-body.js'
import { isTrustedTransport } from '../resource-server/options/option-checks.js'
import { unlessAborted } from '../unless-aborted.js'
import { TokenClientError } from './errors.js'
import type { FetchWithToken, TokenClient } from './token-client.js'

type Input = string | URL | Request

/** @param send makes the requests; absent: the global `fetch` */
export function createFetchWithToken(
  getAccessToken: TokenClient['getAccessToken'],
  send: typeof fetch | undefined,
): FetchWithToken {
  return async function fetchWithToken(input, init = {}, request = {}) {
    const url = readUrl(input)
    const headers = readHeaders(input, init)
    const signal = init.signal ?? (isRequest(input) ? input.signal : undefined)
    const attempt = (token: string): Promise<Response> => {
      const withToken = new Headers(headers)
      withToken.set('authorization', `Bearer ${token}`)
      return (send ?? globalThis.fetch)(input, { ...init, headers: withToken, redirect: init.redirect ?? 'manual' })
    }
    // Where this caller gives up, the token is fetched on: others may wait for it too.
    const token = await unlessAborted(getAccessToken(request), signal)
    const response = await attempt(token)
    if (response.status !== 401 || isElsewhere(response, url)) return response
    const renewing = getAccessToken({ ...request, refused: token }).catch(keepToken(token))
    const renewed = await unlessAborted(renewing, signal)
    if (renewed === token || !canBeSentAgain(input, init)) return response
    openBody(response.body)?.discard()
    return attempt(renewed)
  }
}

/** A new token cannot be had: the API's 401 is the answer. */
function keepToken(token: string): (error: unknown) => string {
  return error => {
    if (error instanceof TokenClientError) return token
    throw error
  }
}

function isRequest(input: Input): input is Request {
  return typeof input === 'object' && input !== null && 'url' in input
}

/** The URL is not quoted: its query may hold what nobody should read. */
function readUrl(input: Input): URL {
  const text = typeof input === 'string' ? input : isRequest(input) ? input.url : input?.href
  if (typeof text !== 'string') throw invalidType('url must be a text, a URL or a Request')
  if (!URL.canParse(text)) throw invalidValue('url must be absolute')
  const url = new URL(text)
  if (!isTrustedTransport(url)) throw invalidValue('url must be https (http on loopback only): a token is sent to it')
  return url
}

function readHeaders(input: Input, { headers: given }: RequestInit): Headers {
  const headers = new Headers(given ?? (isRequest(input) ? input.headers : undefined))
  if (headers.has('authorization')) throw invalidValue('headers must not hold Authorization: the token stands there')
  return headers
}

/** Was a redirect followed to where the token was not sent? */
function isElsewhere({ redirected, url }: Response, { origin }: URL): boolean {
  return redirected && URL.canParse(url) && new URL(url).origin !== origin
}

/** What is read while it is sent is gone after. */
function canBeSentAgain(input: Input, { body }: RequestInit): boolean {
  if (body === undefined) return !isRequest(input) || input.body === null
  return (
    body === null ||
    typeof body === 'string' ||
    types.isAnyArrayBuffer(body) ||
    ArrayBuffer.isView(body) ||
    [URLSearchParams, Blob, FormData].some(kind => body instanceof kind)
  )
}
