import type { HttpRequest } from './handler.js'

/** What the browser has sent, whatever it looks like; a name may come several times (RFC 6265 §5.4). */
export function readCookies({ headers: { cookie = '' } }: HttpRequest): { name: string; value: string }[] {
  return cookie.split(';').flatMap(part => {
    const equals = part.indexOf('=')
    return equals < 0 ? [] : [{ name: part.slice(0, equals).trim(), value: part.slice(equals + 1).trim() }]
  })
}
