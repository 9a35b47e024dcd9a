import express, { type Request, type Response } from 'express'
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
const { requireScope, requirePermission, requireClaims, requireAuth, metadataRouter } = resourceServer(options)
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

// The parameters of a route are texts there, or what a type argument or the handler says.
app.get(
  '/things/:x',
  requireScope('a').handle((req, res) => {
    const { x = '' } = req.params
    same<typeof x, string>(true)
    same<typeof req.auth, AuthInfo>(true)
    res.json({ x })
  }),
)
app.get(
  '/things/:x',
  requireScope('a').handle<{ x: string }>((req, res) => {
    same<typeof req.params.x, string>(true)
    same<typeof req.auth, AuthInfo>(true)
    // @ts-expect-error no such parameter
    res.json({ y: req.params.y })
  }),
)
app.get(
  '/files/*path',
  requireAuth<Tenant>().handle<{ path: string[] }>((req, res) => {
    same<typeof req.params.path, string[]>(true)
    same<typeof req.auth.payload.org, string>(true)
    res.json({})
  }),
)
const showThing = (req: Request<{ x: string }>, res: Response): unknown => res.json({ x: req.params.x })
const showAny = (req: Request, res: Response): unknown => res.json({ x: req.params['x'] })
app.get('/things/:x', requireAuth().handle(showThing))
app.get('/things/:x', requireAuth().handle(showAny))
// A guard leaves the types of what follows as they are.
app.get('/things/:x', requireScope('a'), requireClaims({ org: 'a' }), (req, res) => {
  same<typeof req.params.x, string>(true)
  res.json({})
})

// A function of the request is given Express's, with the parameters of the route.
app.get(
  '/things/:x',
  requireScope(req => {
    const { x = '' } = req.params
    same<typeof x, string>(true)
    same<typeof req.ip, string | undefined>(true)
    // @ts-expect-error no member of Express's request
    req.nothing
    return [`read:${x}`, `admin:${req.get('host')}`]
  }),
  (req, res) => {
    same<typeof req.params.x, string>(true)
    res.json({})
  },
)
app.get(
  '/things/:x',
  requireScope.any((req: Request<{ x: string }>) => `read:${req.params.x}`),
  requirePermission<Tenant, { x: string }>(req => req.params.x).handle((req, res) => {
    same<typeof req.auth.payload.org, string>(true)
    res.json({})
  }),
)

// Claims of one route.
app.get(
  '/orgs/:org',
  requireClaims({ org: 'a', level: level => level === 1, tags: ['x'], nested: { a: null } }),
  requireClaims((auth, req) => auth.payload['org'] === req.params['org']),
  requireClaims<Tenant>(async ({ payload }) => payload.org === 'a').handle((req, res) => {
    same<typeof req.auth.payload.org, string>(true)
    res.json({})
  }),
)
requireClaims<Tenant, { org: string }>(({ payload }, req) => payload.org === req.params.org)
// @ts-expect-error a text is no answer
requireClaims(() => 'yes')
// @ts-expect-error nothing is demanded
requireClaims()
// @ts-expect-error a function among demands is a predicate
requireClaims({ org: () => 'yes' })

for (const scopeClaim of ['roles', ['scp', 'roles'], { all: ['scope', 'permissions'] }, (): string => 'a'] as const) {
  resourceServer({ ...options, scopeClaim })
}
resourceServer({ ...options, scopeClaim: ({ roles }) => (Array.isArray(roles) ? roles.map(String) : undefined) })
// @ts-expect-error no such word
resourceServer({ ...options, scopeClaim: { any: ['scp'] } })
// @ts-expect-error no text
resourceServer({ ...options, scopeClaim: () => 1 })

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
