import { type Clock, systemClock } from '../clock.js'
import { invalidType, invalidValue } from '../errors.js'
import {
  assertKnown,
  assertRecord,
  checkNumber,
  checkText,
  checkUrl,
} from '../resource-server/options/option-checks.js'
import { parseScope } from '../scope.js'

/** How a client says who it is (RFC 6749 §2.3.1). */
export type ClientAuthenticationMethod = 'client_secret_basic' | 'client_secret_post'

/** Options of `tokenClient`. */
export interface TokenClientOptions {
  /** The issuer, as its metadata name it: https, or http on loopback. */
  issuer: string
  clientId: string
  clientSecret: string
  /** The API that tokens are for; `null` names none, which leaves the choice to the issuer. */
  audience: string | null
  /** What is asked for, with single blanks in between. Default: nothing is named, and the issuer decides. */
  scope?: string
  /** Default: Basic, or the form where the issuer's metadata list that one alone. */
  tokenEndpointAuthMethod?: ClientAuthenticationMethod
  /** How long getting one token may take, metadata included, in milliseconds. 1 … 60 000, default 5 000. */
  timeout?: number
  /** Makes every request. Default: the global `fetch`. */
  fetch?: typeof fetch
  /** Drives every age and back-off. Default: the machine's clock. */
  clock?: Clock
}

/** Which token is wanted. */
export interface TokenRequest {
  /** Default: the client's; `null` names none. */
  audience?: string | null
  /** Default: the client's; `null` names none. */
  scope?: string | null
  /** A token of this client that the API has just answered with 401: another one is fetched, once in 5 seconds. */
  refused?: string
}

/** Checked options. */
export interface TokenClientSettings {
  issuer: string
  clientId: string
  clientSecret: string
  target: TokenTarget
  authMethod: ClientAuthenticationMethod | undefined
  timeout: number
  fetch: typeof fetch | undefined
  clock: Clock
}

/** What a token is for. Tokens are kept by it. */
export interface TokenTarget {
  audience: string | null
  scope: string | undefined
}

const NAMES = [
  ...['issuer', 'clientId', 'clientSecret', 'audience', 'scope'],
  ...['tokenEndpointAuthMethod', 'timeout', 'fetch', 'clock'],
]

/** @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option; no value is quoted */
export function readTokenClientOptions(options: TokenClientOptions): TokenClientSettings {
  assertRecord(options, 'options')
  assertKnown(options, NAMES, 'option')
  return {
    issuer: readIssuer(options.issuer),
    clientId: checkText(options.clientId, 'clientId'),
    clientSecret: checkText(options.clientSecret, 'clientSecret'),
    target: { audience: readAudience(options.audience), scope: readScope(options.scope) },
    authMethod: readAuthMethod(options.tokenEndpointAuthMethod),
    timeout: checkNumber(options.timeout, 'timeout', { min: 1, max: 60_000, fallback: 5_000 }),
    fetch: readFetch(options.fetch),
    clock: readClock(options.clock),
  }
}

/** @throws TypeError as {@link readTokenClientOptions} does */
export function readTokenRequest(
  request: TokenRequest,
  usual: TokenTarget,
): TokenTarget & { refused: string | undefined } {
  assertRecord(request, 'options')
  assertKnown(request, ['audience', 'scope', 'refused'], 'option')
  return {
    audience: request.audience === undefined ? usual.audience : readAudience(request.audience),
    scope: request.scope === undefined ? usual.scope : readScope(request.scope ?? undefined),
    refused: request.refused === undefined ? undefined : checkText(request.refused, 'refused'),
  }
}

function readIssuer(option: unknown): string {
  const issuer = checkUrl(option, 'issuer')
  if (/[?#]/.test(issuer)) throw invalidValue('option issuer must have no query and no fragment')
  return issuer
}

function readAudience(option: unknown): string | null {
  if (option === undefined) throw invalidType('option audience is required; null names none')
  return option === null ? null : checkText(option, 'audience')
}

function readScope(option: unknown): string | undefined {
  if (option === undefined) return undefined
  const scope = checkText(option, 'scope')
  if (parseScope(scope) === null) throw invalidValue('option scope must be scopes with single blanks in between')
  return scope
}

function readAuthMethod(option: unknown): ClientAuthenticationMethod | undefined {
  if (option === undefined || option === 'client_secret_basic' || option === 'client_secret_post') return option
  throw invalidValue('option tokenEndpointAuthMethod must be client_secret_basic or client_secret_post')
}

function readFetch(option: typeof fetch | undefined): typeof fetch | undefined {
  if (option !== undefined && typeof option !== 'function') throw invalidType('option fetch must be a function')
  return option
}

function readClock(option: Clock | undefined): Clock {
  if (option === undefined) return systemClock
  if (typeof option !== 'object' || option === null || typeof option.now !== 'function') {
    throw invalidType('option clock must be an object with now()')
  }
  return option
}
