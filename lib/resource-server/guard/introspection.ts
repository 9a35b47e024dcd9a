import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Clock, forwardClock } from '../../clock.js'
import { refuse, unanswered } from '../contract/refuse.js'
import type { AuthInfo } from '../contract/types.js'
import { EndpointSource } from '../keys/endpoint-source.js'
import { FetchFailure, withDeadline } from '../keys/http-fetch.js'
import type { IntrospectionSettings } from '../options/introspection-options.js'
import type { IntrospectionFailedEvent } from './guard-events.js'

/** Answers that are kept, at most. Each has about 200 bytes, whatever the token: it is kept as its SHA-256. */
const MAX_ANSWERS = 10_000

/** Questions under way at once, at most: while the issuer is silent, further requests do not wait for it. */
const MAX_QUESTIONS = 1_000

export interface IntrospectionEnvironment {
  clock: Clock
  /** undefined: the global `fetch` of the moment. */
  fetch: typeof fetch | undefined
  /** Milliseconds for one request. */
  timeout: number
  emit(event: IntrospectionFailedEvent): void
}

/** Refuses a verified token that its issuer says is not active any more. At once where the answer is known. */
export type Introspect = (auth: AuthInfo) => AuthInfo | Promise<AuthInfo>

/** What the issuer said, and how old it is: counted from the question. */
interface Answer {
  active: boolean
  askedAt: number
}

/**
 * Asks the issuer about tokens (RFC 7662 §2.1): once for each token at a time, and again when the answer is `maxAge` old.
 * An issuer that gives no answer is a 503: nothing passes unasked.
 */
export function createIntrospect(settings: IntrospectionSettings, environment: IntrospectionEnvironment): Introspect {
  const { maxAge } = settings
  const clock = forwardClock(environment.clock)
  const answers = new LRUCache<string, Answer>({ max: MAX_ANSWERS })
  const asking = new Map<string, Promise<boolean>>()
  const ask = createQuestion(settings, environment, clock)

  function askOnce(token: string, key: string): Promise<boolean> {
    const running = asking.get(key)
    if (running !== undefined) return running
    if (asking.size >= MAX_QUESTIONS) throw unanswered('introspection_failed', new FetchFailure('too_many'))
    const askedAt = clock.now()
    const question = ask(token)
      .then(active => {
        if (maxAge > 0) answers.set(key, { active, askedAt })
        return active
      })
      .finally(() => asking.delete(key))
    asking.set(key, question)
    return question
  }

  return auth => {
    const key = hash('sha256', auth.token, 'base64url')
    const known = answers.get(key)
    if (known !== undefined && clock.now() - known.askedAt < maxAge) return accept(known.active, auth)
    return askOnce(auth.token, key).then(active => accept(active, auth))
  }
}

function accept(active: boolean, auth: AuthInfo): AuthInfo {
  if (active) return auth
  throw refuse('inactive')
}

function createQuestion(
  settings: IntrospectionSettings,
  { fetch, timeout, emit }: IntrospectionEnvironment,
  clock: Clock,
): (token: string) => Promise<boolean> {
  const { issuer } = settings
  const source = new EndpointSource(settings, { clock, fetch, timeout })
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: basicOf(settings) }

  async function attempt(token: string): Promise<boolean> {
    const endpoint = await source.locate()
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString()
    const request = { method: 'POST', headers, body }
    const { active } = await withDeadline(fetch ?? globalThis.fetch, timeout, fetchJson => fetchJson(endpoint, request))
    if (typeof active !== 'boolean') throw new FetchFailure('not_an_answer')
    return active
  }

  return async function ask(token) {
    const startedAt = clock.now()
    try {
      return await attempt(token)
    } catch (cause) {
      source.doubt()
      const durationMs = clock.now() - startedAt
      emit({ type: 'introspection_failed', ...describe(cause), issuer: issuer.issuer, durationMs, cause })
      throw unanswered('introspection_failed', cause)
    }
  }
}

/** RFC 6749 §2.3.1: each is form-encoded before they are joined. */
function basicOf({ clientId, clientSecret }: IntrospectionSettings): string {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice('v='.length)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
}

/** That our own credentials are refused is a fault of the configuration, which somebody has to know of. */
function describe(cause: unknown): Pick<IntrospectionFailedEvent, 'code' | 'httpStatus'> {
  if (!(cause instanceof FetchFailure)) return { code: 'network' }
  const { code, status } = cause
  if (status === undefined) return { code }
  return { code: status === 401 ? 'client_refused' : code, httpStatus: status }
}
