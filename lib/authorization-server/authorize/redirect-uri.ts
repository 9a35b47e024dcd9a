/** An http URI of this machine by its address, with any port (RFC 8252 §7.3). Its parts: host, port, the rest. */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?((?:[/?].*)?)$/s

/** Any URI whose host can only be this machine. */
const LOCAL = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?:[:/?]|$)/i

/**
 * Is the redirect URI one of the registered ones, byte for byte (RFC 9700 §4.1.3)? The port alone may differ where both are
 * http on `127.0.0.1` or `[::1]`; not on `localhost`, which may be another machine's name.
 */
export function isRegistered(redirectUri: string, registered: readonly string[]): boolean {
  if (registered.includes(redirectUri)) return true
  const asked = parseLoopback(redirectUri)
  return asked !== undefined && registered.some(uri => parseLoopback(uri) === asked)
}

/** The URI without its port; undefined where it is none of this machine, or the port cannot be. */
function parseLoopback(uri: string): string | undefined {
  const [whole, host, port = '80', rest] = LOOPBACK.exec(uri) ?? []
  return whole === undefined || Number(port) > 65_535 ? undefined : `${host} ${rest}`
}

/** Does the URI belong to nobody in particular: any program of the user's machine may answer there (RFC 8252 §8.6)? */
export function isOfTheMachine(redirectUri: string): boolean {
  return !/^https?:/i.test(redirectUri) || LOCAL.test(redirectUri)
}

/** Adds parameters to the query; those that the URI has stay as they are (RFC 6749 §4.1.2). */
export function withParameters(redirectUri: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const added = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  const mark = redirectUri.indexOf('?')
  const between = mark < 0 ? '?' : /[?&]$/.test(redirectUri) ? '' : '&'
  return redirectUri + between + added.join('&')
}

/** What a person is shown of it: the host, or the scheme where a program is meant. */
export function hostOf(redirectUri: string): string {
  if (!/^https?:/i.test(redirectUri)) return schemeOf(redirectUri)
  return new URL(redirectUri).host
}

function schemeOf(uri: string): string {
  return uri.slice(0, uri.indexOf(':') + 1).toLowerCase()
}
