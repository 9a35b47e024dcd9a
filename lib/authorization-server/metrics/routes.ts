import { ROUTES as MANAGEMENT_ROUTES } from '../admin/routes.js'
import { DOCUMENT_PATH } from '../openapi/place.js'
import { OTHER } from './labels.js'

/** The routes as they are counted; a segment with a colon stands for an id. What is none of them is `other`. */
export const ROUTES: readonly string[] = [
  ...['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/userinfo', '/authorize', '/authorize/:id'],
  ...['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
  ...['/login', '/login/callback', '/logout', DOCUMENT_PATH],
  ...MANAGEMENT_ROUTES.map(({ path }) => path),
]

const FIXED: ReadonlySet<string> = new Set(ROUTES.filter(route => !route.includes(':')))

/** By how many segments they have: there are few of each. */
const WITH_IDS = ROUTES.filter(route => route.includes(':')).map(route => ({ route, segments: route.split('/') }))

/** The route of a path, of an account, without a query. */
export function routeOf(path: string): string {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  if (FIXED.has(plain)) return plain
  // The longest route has five parts: a path of thousands is not taken apart.
  const parts = plain.split('/', 6)
  return WITH_IDS.find(({ segments }) => fits(parts, segments))?.route ?? OTHER
}

function fits(parts: readonly string[], segments: readonly string[]): boolean {
  if (parts.length !== segments.length) return false
  return segments.every((segment, i) => (segment.startsWith(':') ? parts[i] !== '' : segment === parts[i]))
}
