import { expect } from 'chai'
import { InvalidTokenError, TemporarilyUnavailableError } from '../../lib/errors.js'
import type { VerifierEvent } from '../../lib/resource-server/contract/events.js'
import type { VerifierOptions } from '../../lib/resource-server/options/options.js'
import type { AccessTokenVerifier, AuthInfo } from '../../lib/resource-server/contract/types.js'
import { createVerifier } from '../../lib/resource-server/token/verify-access-token.js'
import { sharedKey } from '../support/keys.js'
import { AUDIENCE, ISSUER } from '../support/mint-token.js'
import { json, plannedFetch } from '../support/planned-fetch.js'
import { setClock } from '../support/set-clock.js'

export const JWKS_URI = `${ISSUER}/jwks`

export const TIMES = { cacheMaxAge: 600_000, cooldownDuration: 5_000, timeoutDuration: 5_000, staleMaxAge: 3_600_000 }

/** A verifier beside a network that publishes these keys, on a clock to set. */
export function createFixture(
  options: Partial<VerifierOptions> = {},
  keys: unknown[] = [sharedKey().jwk],
): ReturnType<typeof build> {
  return build(options, keys)
}

function build(options: Partial<VerifierOptions>, keys: unknown[]) {
  const clock = setClock()
  const network = plannedFetch()
  const published = { keys }
  const events: VerifierEvent[] = []
  network.always(JWKS_URI, () => json({ keys: published.keys }))
  const verifier = createVerifier({
    issuer: { issuer: ISSUER, jwksUri: JWKS_URI },
    audience: AUDIENCE,
    clock,
    fetch: network.fetch,
    onEvent: event => void events.push(event),
    ...options,
  })
  return { clock, network, published, events, verifier }
}

/** Why a token is refused; undefined where it is accepted. Whatever else is thrown fails the test. */
export async function refusalOf(verifier: AccessTokenVerifier, token: string): Promise<string | undefined> {
  try {
    await verifier.verify(token)
    return undefined
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error
    expect(error).to.include({ status: 401, code: 'ERR_INVALID_TOKEN' })
    expect(error.message).to.equal('The access token is invalid, expired or revoked')
    return error.detail ?? 'no detail'
  }
}

export async function accept(verifier: AccessTokenVerifier, token: string): Promise<AuthInfo> {
  return verifier.verify(token)
}

/** Demands 503 with `Retry-After`. */
export async function expectUnavailable(verifier: AccessTokenVerifier, token: string): Promise<number> {
  try {
    await verifier.verify(token)
  } catch (error) {
    if (!(error instanceof TemporarilyUnavailableError)) throw error
    expect(error.status).to.equal(503)
    expect(error.headers['Retry-After']).to.match(/^[1-9]\d*$/)
    return Number(error.headers['Retry-After'])
  }
  throw new Error('the token was accepted')
}

/** Lets everything that runs in the background come to its end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
}
