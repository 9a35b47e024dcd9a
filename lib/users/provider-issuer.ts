import { isInsecure } from '../authorization-server/context/issuer.js'

/** Can this be a provider's issuer: https, or http on loopback? A trailing slash is some providers' own. */
export function isProviderIssuer(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text) || /[?#]/.test(text)) return false
  const url = new URL(text)
  return !isInsecure(url) && url.username === '' && url.password === ''
}
