import { sendJson } from '../../http/respond.js'
import type { Handler } from '../../http/handler.js'
import type { Config } from './config.js'
import { resourceServer } from '../../resource-server/index.js'

/** The audience of the API that the printed lines register. */
export const DEMO_AUDIENCE = 'https://api.example.com'

/**
 * A protected route to try the printed lines on: what a backend of its own would do, over the same HTTP.
 * @param keysAt where this machine reaches the account
 */
export function createDemo(
  { issuer, allowInsecureRequests }: Pick<Config, 'issuer' | 'allowInsecureRequests'>,
  keysAt: string,
): Handler[] {
  const { requireScope } = resourceServer({
    issuer: { issuer, allowInsecureRequests },
    audience: DEMO_AUDIENCE,
    keySet: { uri: `${keysAt}/.well-known/jwks.json` },
  })
  return [
    requireScope('read:users') as Handler,
    function listUsers(_req, res) {
      sendJson(res, 200, { users: [{ id: 1, name: 'Ada' }] })
    },
  ]
}
