import { isInsecure } from '../../authorization-server/context/issuer.js'
import { UsageError } from '../faults.js'

/**
 * Checks where requests with a secret or a token go: https, or http on loopback, or anywhere with
 * `--allow-insecure-requests`. Without the slash at its end.
 *
 * @param source the option or variable, for the message; its value is not repeated
 * @throws UsageError
 */
export function readAddress(text: string, source: string, allowInsecureRequests: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError(`${source} must be an https URL`)
  }
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) {
    throw new UsageError(`${source} must have no user information, query and fragment`)
  }
  if (isInsecure(url) && !allowInsecureRequests) {
    throw new UsageError(
      `${source} must be an https URL (http only for a loopback host, or anywhere with --allow-insecure-requests)`,
    )
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}
