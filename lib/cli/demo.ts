import { sendJson } from '../http/respond.js'
import type { Handler } from '../http/handler.js'
import { resourceServer } from '../resource-server/index.js'

/** The audience of the API that the printed lines register. */
export const DEMO_AUDIENCE = 'https://api.example.com'

/** A protected route to try the printed lines on: what a backend of its own would do, over the same HTTP. */
export function createDemo(issuer: string, keysAt: string): Handler[] {
  const { requireScope } = resourceServer({
    issuer,
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
