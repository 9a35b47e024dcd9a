import type { HttpRequest } from '../../http/handler.js'
import { hasUserinfo, parseUrl } from '../options/option-checks.js'
import { originForm } from '../../http/request-target.js'

/** What Express adds to a request, where it is Express that asks. */
interface ExpressRequest extends HttpRequest {
  protocol?: string
  app?: { get(name: string): unknown }
}

/**
 * The URL of a request as its client wrote it, without query, to compare with the `htu` of a proof (RFC 9449 §4.3).
 *
 * @param publicOrigin where clients call, and what a proxy has taken off the path, without a slash at its end; absent: what
 * the request says of itself, and a trusted proxy of it
 */
export function requestUrl(req: HttpRequest, publicOrigin: string | undefined): string {
  const origin = publicOrigin ?? originOf(req)
  return `${origin}${normalizePath(pathOf(req.originalUrl ?? req.url ?? ''))}`
}

/**
 * An `htu` in the same form: scheme, host and port in one spelling (RFC 3986 §6.2.2, §6.2.3), query and fragment dropped.
 *
 * @returns undefined where it is no http URL, or one that our URL parser would mend: with userinfo, blanks, backslashes
 */
export function normalizeHtu(htu: string): string | undefined {
  const url = parseUrl(htu)
  if (url === undefined || hasUserinfo(htu)) return undefined
  const { protocol, origin, pathname } = url
  return protocol === 'https:' || protocol === 'http:' ? `${origin}${normalizePath(pathname)}` : undefined
}

function originOf(req: ExpressRequest): string {
  const scheme = req.protocol ?? ('encrypted' in req.socket ? 'https' : 'http')
  const url = `${scheme}://${hostOf(req)}`
  return URL.canParse(url) ? new URL(url).origin : url
}

/** Express tells the forwarded host without its port; so its own setting is asked whether the header is to be believed. */
function hostOf(req: ExpressRequest): string {
  const trusts = req.app?.get('trust proxy fn')
  const forwarded = req.headers['x-forwarded-host']
  if (typeof trusts === 'function' && typeof forwarded === 'string' && trusts(req.socket.remoteAddress, 0) === true) {
    return forwarded.split(',', 1)[0]?.trim() ?? ''
  }
  return req.headers.host ?? ''
}

/** Dot segments stay: a client's URL has none left. */
function pathOf(target: string): string {
  const [path] = originForm(target).split(/[?#]/, 1)
  return path || '/'
}

/** What need not be escaped is not, what is escaped is so in capitals (RFC 3986 §6.2.2.1–2). */
export function normalizePath(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, escaped => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped.toUpperCase()
  })
}
