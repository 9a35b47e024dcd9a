import { type TokenClient, type TokenClientOptions, tokenClient } from 'scopegate/client'
import { json, type PlannedFetch, plannedFetch } from '../support/planned-fetch.js'
import { type SetClock, setClock } from '../support/set-clock.js'

export const ISSUER = 'https://id.example.com'
export const METADATA = `${ISSUER}/.well-known/oauth-authorization-server`
export const OPENID_METADATA = `${ISSUER}/.well-known/openid-configuration`
export const TOKEN = `${ISSUER}/oauth/token`
export const AUDIENCE = 'https://api.example.com'
export const SECRET = 's3cr3t-of-the-client'

export const OPTIONS: TokenClientOptions = {
  issuer: ISSUER,
  clientId: 'orders',
  clientSecret: SECRET,
  audience: AUDIENCE,
}

/** One request as it was sent. */
export interface Sent {
  url: string
  headers: Headers
  body: URLSearchParams
  redirect: string | undefined
}

export interface Fixture {
  client: TokenClient
  clock: SetClock
  network: PlannedFetch
  /** What was sent, in order. */
  sent: Sent[]
  /** The requests to the token endpoint. */
  asked(): Sent[]
}

/** A client of an issuer that answers `token-1`, `token-2`…, each with a life of 1 000 seconds. */
export function fixture(options: Partial<TokenClientOptions> = {}): Fixture {
  const clock = setClock()
  const network = plannedFetch()
  const sent: Sent[] = []
  let issued = 0
  network.always(METADATA, () => json(metadata()))
  network.always(TOKEN, () => json(tokens(++issued)))
  const recording: typeof fetch = (input, init) => {
    const body = new URLSearchParams(String(init?.body ?? ''))
    sent.push({ url: String(input), headers: new Headers(init?.headers), body, redirect: init?.redirect })
    return network.fetch(input, init)
  }
  const client = tokenClient({ ...OPTIONS, clock, fetch: recording, ...options })
  return { client, clock, network, sent, asked: () => sent.filter(({ url }) => url === TOKEN) }
}

export function metadata(more: object = {}): object {
  return { issuer: ISSUER, token_endpoint: TOKEN, ...more }
}

export function tokens(number: number, more: object = {}): object {
  return { access_token: `token-${number}`, token_type: 'Bearer', expires_in: 1_000, ...more }
}

export function answer(status: number, headers: Record<string, string> = {}, body: unknown = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

/** What a promise rejects with; it must. */
export async function failure(running: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error('it did not reject with an error')
  return error as Error & Record<string, unknown>
}
