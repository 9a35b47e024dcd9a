import express, { type Request } from 'express'
import { type AccessTokenClaims, type AuthInfo, findAuth, getAuth, resourceServer } from 'scopegate'
import { dpopKey, testIssuer } from 'scopegate/testing'

/** Does the type of a value equal another one? */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Same<A, B>): void {}

interface Tenant {
  org: string
}

const options = { issuer: 'https://id.example.com', audience: 'https://api.example.com' }
const app = express()

// A guard is a middleware of Express, alone, in a list, and for a whole router.
const { requireScope, requirePermission, requireAuth, metadataRouter } = resourceServer(options)
app.use(metadataRouter)
app.use('/v1', requireAuth(), express.Router())
app.get('/users', requireScope('read:users', 'read:all'), requireScope.any('a', 'b'), (req, res) => {
  const auth = getAuth(req)
  same<typeof auth, AuthInfo>(true)
  same<typeof auth.expiresAt, number>(true)
  same<typeof auth.payload.iss, string>(true)
  same<typeof auth.payload.sub, string | undefined>(true)
  res.json({ sub: auth.payload.sub, token: auth.token, scopes: auth.scopes })
})
app.post(
  '/users/:id',
  requirePermission(req => `write:${req.method}`),
  (req, res) => {
    const id = req.params['id']
    const auth = findAuth<Tenant>(req)
    same<typeof auth, AuthInfo<Tenant> | undefined>(true)
    // @ts-expect-error there may be none
    res.json({ id, org: auth.payload.org })
  },
)

// Behind `handle`, req.auth is there and has the claims of the guard.
app.get(
  '/me',
  requireAuth<Tenant>().handle((req, res) => {
    const { org } = req.auth.payload
    same<typeof org, string>(true)
    same<typeof req.auth.payload.sub, string | undefined>(true)
    // @ts-expect-error it is frozen
    req.auth.token = ''
    const { other } = req.auth.payload
    same<typeof other, unknown>(true)
    // @ts-expect-error no such member
    req.auth.user
    const agent: string | undefined = req.get('user-agent')
    res.status(200).json({ org, other, agent })
  }),
)
app.get(
  '/users/:id/posts',
  requireScope<Tenant>('read:posts').handle(async (req, res, next) => {
    next(req.auth.payload.org)
    res.json({})
  }),
)

// The claims of all guards of a resource server.
const tenants = resourceServer<Tenant>(options)
app.get(
  '/org',
  tenants.requireScope.any('a', 'b').handle((req, res) => {
    same<typeof req.auth.payload.org, string>(true)
    res.json({})
  }),
)

// @ts-expect-error a list with no scope
requireScope()
// @ts-expect-error a list is not a scope
requireScope(['a'])
// @ts-expect-error audience is required
resourceServer({ issuer: 'https://id.example.com' })
// @ts-expect-error a misspelt option
resourceServer({ ...options, audiences: ['a'] })
// @ts-expect-error symmetric algorithms are none
resourceServer({ ...options, algorithms: ['HS256'] })

resourceServer({
  ...options,
  dpop: 'allowed',
  claims: { org: 'a', level: value => value === 1 },
  isRevoked: async claims => claims.jti === 'x',
  onEvent(event) {
    if (event.type === 'refused') same<typeof event.durationMs, number>(true)
    // @ts-expect-error no event holds a token
    event.token
  },
})

/** A handler of its own, as functions that are not written in place. */
export function handler(req: Request): string | undefined {
  return getAuth<Tenant>(req).payload.org
}

export const claims: AccessTokenClaims = { iss: 'a', aud: 'b', exp: 1 }

export async function tests(): Promise<string> {
  const issuer = await testIssuer({ audience: 'https://api.example.com' })
  resourceServer({ ...issuer.resourceServerOptions, optional: true })
  const key = await dpopKey()
  return issuer.bearer({ scope: 'a', dpopKey: key })
}
