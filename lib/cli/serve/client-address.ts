import type { IncomingMessage } from 'node:http'
import proxyAddr from 'proxy-addr'
import type { TrustProxy } from './trust-proxy.js'

type Trust = (address: string, hop: number) => boolean

/**
 * Gives requests the address that Express gives them under the same `trust proxy`, as `req.ip`: the last one in
 * `X-Forwarded-For` that nobody who is trusted has written.
 *
 * @returns undefined where nobody is trusted: the address is the socket's
 */
export function createClientAddress(
  trusted: TrustProxy | undefined,
): ((req: IncomingMessage & { ip?: string }) => void) | undefined {
  if (trusted === undefined || trusted === false) return undefined
  const trust = compile(trusted)
  return req => {
    if (req.headers['x-forwarded-for'] !== undefined) req.ip = proxyAddr(req, trust)
  }
}

function compile(trusted: Exclude<TrustProxy, false>): Trust {
  if (trusted === true) return () => true
  return typeof trusted === 'number' ? (_address, hop) => hop < trusted : proxyAddr.compile(trusted)
}
