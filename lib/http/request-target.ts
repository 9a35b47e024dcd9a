/** Scheme and authority of a whole URL. */
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i

/**
 * The path and query of a request target. A target may be a whole URL (RFC 9112 §3.2.2); then its authority is dropped:
 * `Host` alone says which host is meant. Nothing is decoded, and dot segments stay.
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const authority = AUTHORITY.exec(target)
  if (authority === null) return target
  const rest = target.slice(authority[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The path of a request target: what stands before the query. */
export function pathOf(target: string): string {
  const path = originForm(target)
  const query = path.indexOf('?')
  return query === -1 ? path : path.slice(0, query)
}
