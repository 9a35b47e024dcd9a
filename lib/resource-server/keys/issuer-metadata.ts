import { emit } from '../../emit.js'
import type { EventListener } from '../contract/events.js'
import { FetchFailure, type FetchJson } from './http-fetch.js'
import { metadataIssuerOf } from '../options/issuer-template.js'
import { hasUserinfo, isLoopback, parseUrl } from '../options/option-checks.js'
import type { IssuerSettings } from '../options/options.js'

/** What is looked for in an issuer's metadata; each is the code of the failure too, where it is not there or no good. */
export type MetadataMember = 'jwks_uri' | 'introspection_endpoint'

/** Characters of a URL in it, at most. */
const MAX_URI = 2_048

/**
 * Finds out where an issuer has its keys, or an endpoint: by its OAuth metadata (RFC 8414 §3.1, the well-known part before the issuer's
 * path), else by OpenID Connect Discovery (§4, after it). A document that names another issuer is refused (RFC 8414 §3.3).
 *
 * @param swap begin with the other one: where a whole server fails, each attempt asks once
 * @throws FetchFailure
 */
export async function discover(
  member: MetadataMember,
  issuer: IssuerSettings,
  fetchJson: FetchJson,
  listener: EventListener | undefined,
  swap = false,
): Promise<string> {
  const failures: unknown[] = []
  const urls = metadataUrls(metadataIssuerOf(issuer.issuer))
  for (const url of swap ? urls.reverse() : urls) {
    try {
      return readMetadata(member, await fetchJson(url), issuer, listener)
    } catch (error) {
      failures.push(error)
      if (!isAnswer(error)) break
    }
  }
  throw failures.reduce((told, failure) => (weightOf(failure) >= weightOf(told) ? failure : told))
}

/**
 * How much a failure tells. Of two documents one is hardly ever there, and some servers answer any path with a page: the
 * other one is what somebody has to look at.
 */
function weightOf(failure: unknown): number {
  if (!(failure instanceof FetchFailure)) return 3
  const { code, status = 0 } = failure
  if (status === 404 || status === 410) return 0
  if (code === 'redirect' || (status >= 400 && status < 500)) return 1
  return code === 'not_json' ? 2 : 3
}

/** Only a document that is not there is looked for elsewhere; what is down would be asked twice. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof FetchFailure) || error.code === 'network' || error.code === 'timeout') return false
  return error.status === undefined || error.status < 500
}

function metadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  ]
}

/** For many tenants the document names the template as its issuer, and nothing else will do. */
function readMetadata(
  member: MetadataMember,
  document: Record<string, unknown>,
  settings: IssuerSettings,
  listener: EventListener | undefined,
): string {
  const { issuer: found, [member]: uri } = document
  const { issuer } = settings
  if (found !== issuer) {
    const named = typeof found === 'string' ? found.slice(0, 200) : ''
    emit(listener, { type: 'metadata_issuer_mismatch', code: 'issuer_mismatch', issuer, found: named })
    throw new FetchFailure('no_metadata')
  }
  if (typeof uri !== 'string' || uri.length > MAX_URI || hasUserinfo(uri)) throw new FetchFailure(member)
  const url = parseUrl(uri)
  if (url === undefined || !mayLeadTo(url, settings)) throw new FetchFailure(member)
  return uri
}

/** Never from https to http, unless that is allowed; and never from elsewhere to this very machine in the clear. */
function mayLeadTo(url: URL, { issuer, allowInsecureRequests = false }: IssuerSettings): boolean {
  if (url.protocol === 'https:') return true
  if (url.protocol !== 'http:') return false
  const from = new URL(issuer)
  if (!allowInsecureRequests && from.protocol === 'https:') return false
  return isLoopback(url) ? isLoopback(from) : allowInsecureRequests
}
