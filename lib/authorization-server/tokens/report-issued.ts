import { detach } from '../../detach.js'
import type { Emit } from '../context/events.js'
import type { Origin } from '../context/origin.js'
import type { AccessTokenGrant, IssuedToken } from './access-token.js'

/** Characters of a token from which on servers and proxies refuse the header that holds it: half of Node's 16 KB. */
const LARGE_TOKEN = 8_192

/** Tells the host of an access token, and of one that is too long for many servers. */
export function reportIssued(
  { account, api, subject, clientId, scope, grantId }: AccessTokenGrant,
  { token, jti }: IssuedToken,
  origin: Origin,
  { emit }: { emit: Emit },
): void {
  const about = { account: account.name, clientId, audience: api.identifier }
  const user = grantId !== undefined && { user: subject }
  emit({ type: 'token.issued', ...about, scope: detach(scope), jti, ...user, ...origin })
  if (token.length > LARGE_TOKEN) emit({ type: 'token.large', ...about, length: token.length })
}
