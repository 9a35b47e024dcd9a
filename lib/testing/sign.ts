import { createHash, type KeyObject, sign } from 'node:crypto'

/**
 * A compact JWS (RFC 7515 §7.1), signed RS256 with an RSA key and ES256 with one of P-256, whatever the header says.
 * A member of `undefined` is left out.
 */
export function signJws(header: object, payload: object, key: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** A public key's thumbprint: SHA-256 over the members it needs, in the order of their names (RFC 7638 §3). */
export function thumbprint(members: Readonly<Record<string, string | undefined>>): string {
  const sorted = Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
