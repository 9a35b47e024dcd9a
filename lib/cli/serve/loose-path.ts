import { pathOf } from '../../http/request-target.js'

/**
 * The path of a request target as Express compares paths: in lower case, without one slash at its end. For what people and
 * their probes write by hand; the protocol's own paths are exact.
 */
export function loosePath(target = ''): string {
  const path = pathOf(target).toLowerCase()
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
