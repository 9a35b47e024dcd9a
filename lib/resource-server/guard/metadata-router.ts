import { copyData } from '../../copy.js'
import { invalidType, invalidValue } from '../../errors.js'
import type { Handler } from '../../http/handler.js'
import { originForm } from '../../http/request-target.js'
import { sendEmpty, sendJson } from '../../http/respond.js'

/**
 * The document of RFC 9728 §2, in its own spelling. Members of this list are checked, others are published as given.
 */
export interface ProtectedResource {
  /** The API's resource identifier: an https URL without fragment (RFC 9728 §1.2); http on loopback only. */
  resource: string
  /** Issuers whose tokens are accepted. Default: those of the `issuer` option. */
  authorization_servers?: string[]
  scopes_supported?: string[]
  bearer_methods_supported?: string[]
  resource_name?: string
  resource_documentation?: string
  [member: string]: unknown
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])$/

/**
 * Checks a document and finds where it has to stand: the well-known path goes between the host and the path of the
 * resource (RFC 9728 §3.1).
 *
 * @throws TypeError quoting the option
 */
export function readProtectedResource(document: ProtectedResource): { url: string; document: ProtectedResource } {
  if (typeof document !== 'object' || document === null) {
    throw invalidType('option resourceMetadata: must be an absolute URL or a document')
  }
  const url = readResource(document.resource)
  for (const member of ['authorization_servers', 'scopes_supported', 'bearer_methods_supported']) {
    const list: unknown = document[member]
    if (list !== undefined && !(Array.isArray(list) && list.every(item => typeof item === 'string'))) {
      throw invalidType(`option resourceMetadata.${member}: must be a list of strings`)
    }
  }
  return { url: `${url.origin}${WELL_KNOWN}${pathOf(url)}`, document: copyData(document) }
}

function readResource(resource: unknown): URL {
  if (typeof resource !== 'string') throw invalidType('option resourceMetadata.resource: must be a string')
  const url = URL.canParse(resource) ? new URL(resource) : undefined
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url === undefined || !secure || resource.includes('#') || url.username !== '' || url.password !== '') {
    throw invalidValue('option resourceMetadata.resource: must be an https URL without fragment or userinfo')
  }
  return url
}

/** A terminating slash that follows the host is dropped (RFC 9728 §3.1). */
function pathOf(url: URL): string {
  return (url.pathname === '/' ? '' : url.pathname) + url.search
}

/**
 * Serves the document at its one well-known path, and passes every other request on. Mount it at the root of the app:
 * it compares the path the client asked for, whatever it is mounted under.
 */
export function createMetadataRouter(url: string, document: ProtectedResource): Handler {
  const { pathname, search } = new URL(url)
  const path = pathname + search
  return function metadataRouter(req, res, next) {
    if (!isAt(originForm(req.originalUrl ?? req.url ?? ''), path, search === '')) return next()
    const headers = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=300' }
    if (req.method === 'GET' || req.method === 'HEAD') return sendJson(res, 200, document, headers)
    if (req.method !== 'OPTIONS') return sendEmpty(res, 405, { ...headers, Allow: 'GET, HEAD, OPTIONS' })
    sendEmpty(res, 204, {
      ...headers,
      'Access-Control-Allow-Methods': 'GET, HEAD',
      'Access-Control-Allow-Headers': '*',
    })
  }
}

/** A query of the request is not part of the path, unless the resource itself has one. */
function isAt(requested: string, path: string, ignoreQuery: boolean): boolean {
  return (ignoreQuery ? requested.split('?', 1)[0] : requested) === path
}
