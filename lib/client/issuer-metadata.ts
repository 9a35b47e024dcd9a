import type { AuthorizationServer } from 'oauth4webapi'
import type { Clock } from '../clock.js'
import { describeAnswer, IssuerFault } from './issuer-fault.js'
import { type IssuerFetch, withIssuer } from './issuer-fetch.js'
import type { Oauth4webapi } from './oauth4webapi.js'
import type { TokenClientSettings } from './options.js'

/** Metadata are read again after so many milliseconds; where they cannot be had then, the old ones are used as long again. */
const METADATA_AGE = 3_600_000

/** An issuer's metadata, read when they are needed, by one request at a time. */
export interface IssuerMetadata {
  /** @throws IssuerFault */
  read(): Promise<AuthorizationServer>
  /** They are not what they should be, or what they name is not: they are read again. */
  doubt(): void
}

/** @param age a clock that never goes back */
export function createIssuerMetadata(settings: TokenClientSettings, oauth: Oauth4webapi, age: Clock): IssuerMetadata {
  let known: { metadata: AuthorizationServer; readAt: number } | undefined
  let running: Promise<AuthorizationServer> | undefined

  async function load(): Promise<AuthorizationServer> {
    const old = known?.metadata
    const loaded = await withIssuer(settings, send => discover(settings.issuer, oauth, send)).catch(error => {
      // The metadata may be down where the token endpoint is not.
      if (old !== undefined && error instanceof IssuerFault && error.kind === 'unavailable') return old
      throw error
    })
    known = { metadata: loaded, readAt: age.now() }
    return loaded
  }

  return {
    async read() {
      if (known !== undefined && age.now() - known.readAt < METADATA_AGE) return known.metadata
      running ??= load().finally(() => {
        running = undefined
      })
      return running
    },
    doubt() {
      known = undefined
    },
  }
}

/**
 * OAuth metadata (RFC 8414 §3), else those of OpenID Connect Discovery (§4): only a document that is not there, or is no
 * good, is looked for elsewhere; what is down would be asked twice.
 */
async function discover(issuer: string, oauth: Oauth4webapi, send: IssuerFetch): Promise<AuthorizationServer> {
  const url = new URL(issuer)
  const options = {
    [oauth.customFetch]: send,
    // On loopback only: the options were checked, and so is every URL before anything is sent.
    [oauth.allowInsecureRequests]: url.protocol === 'http:',
  }
  let told: IssuerFault | undefined
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    const response = await oauth.discoveryRequest(url, { ...options, algorithm })
    try {
      return await oauth.processDiscoveryResponse(url, response)
    } catch (error) {
      told = moreTelling(told, describeAnswer(error, response.status, 'metadata_'))
    }
  }
  throw told
}

/** Of two documents one is hardly ever there; the other one is what somebody has to look at. */
function moreTelling(told: IssuerFault | undefined, next: IssuerFault): IssuerFault {
  return told === undefined || next.status !== 404 ? next : told
}
