import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import express4 from 'express4'
import { type ResourceServerOptions, resourceServer } from '../../lib/index.js'
import { dpopKey, type TestIssuer, testIssuer } from '../../lib/testing/index.js'
import { listen } from '../support/running.js'
import { THROWN, WAYS, withoutStrays } from '../support/thrown.js'

const AUDIENCE = 'https://api.example.com'
const EXPRESS = { 'Express 5': express, 'Express 4': express4 }

type Guards = ReturnType<typeof resourceServer>

interface Hook {
  options?: (broken: () => never) => Partial<ResourceServerOptions>
  guard?: (guards: Guards, broken: () => never) => RequestHandler
  /** What the client is told: 500 is what the app's error handler answers. */
  status: number
}

/** Every function of the host that a guard calls. */
const HOOKS: Readonly<Record<string, Hook>> = {
  'a scope function': { guard: ({ requireScope }, broken) => requireScope(broken), status: 500 },
  'a scope function of any': { guard: ({ requireScope }, broken) => requireScope.any(broken), status: 500 },
  'a permission function': { guard: ({ requirePermission }, broken) => requirePermission(broken), status: 500 },
  isRevoked: { options: broken => ({ isRevoked: broken }), status: 503 },
  'a claims predicate': { options: broken => ({ claims: { sub: broken } }), status: 401 },
  'a replay store': { options: broken => ({ dpopProof: { replays: { add: broken } } }), status: 503 },
  handle: { guard: ({ requireAuth }, broken) => requireAuth().handle(broken), status: 500 },
}

describe('whatever a function of the host throws', () => {
  let issuer: TestIssuer
  let key: Awaited<ReturnType<typeof dpopKey>>
  let bearer: string
  let bound: string
  before(async () => {
    issuer = await testIssuer({ audience: AUDIENCE })
    key = await dpopKey()
    bearer = await issuer.bearer({ scope: 'a' })
    bound = await issuer.token({ scope: 'a', dpopKey: key })
  })

  async function credentialFor(hook: string): Promise<Record<string, string>> {
    if (hook !== 'a replay store') return { authorization: bearer }
    return { authorization: `DPoP ${bound}`, dpop: await key.proof({ url: `${AUDIENCE}/`, token: bound }) }
  }

  /** What the routes behind the guard saw, and what the error handler was given. */
  function createApp(createExpress: () => express.Express, { options, guard }: Hook, broken: () => never) {
    const seen: unknown[] = []
    const passed: string[] = []
    const api = resourceServer({
      ...issuer.resourceServerOptions,
      dpop: 'allowed',
      publicOrigin: AUDIENCE,
      ...options?.(broken),
    })
    const pass =
      (name: string): RequestHandler =>
      (_req, res) => {
        passed.push(name)
        res.json({})
      }
    const app = createExpress().set('env', 'test')
    const router = createExpress()
    router.get('/', guard?.(api, broken) ?? api.requireAuth(), pass('next'))
    router.get('/', pass('route'))
    app.use(router)
    app.use(pass('router'))
    app.use(((error, _req, res, _next) => {
      seen.push(error)
      res.status(500).json({})
    }) as ErrorRequestHandler)
    return { app, seen, passed }
  }

  for (const [version, createExpress] of Object.entries(EXPRESS)) {
    for (const [hook, row] of Object.entries(HOOKS)) {
      for (const [way, brokenBy] of Object.entries(WAYS)) {
        it(`lets nothing pass and leaves no request without an answer: ${hook} that ${way} (${version})`, () =>
          withoutStrays(async () => {
            let thrown: unknown
            const { app, seen, passed } = createApp(createExpress, row, () => brokenBy(thrown)() as never)
            const running = await listen(() => app)
            for (const [thing, value] of Object.entries(THROWN)) {
              thrown = value
              seen.length = 0
              const answer = await fetch(running.url, { headers: await credentialFor(hook) })
              await answer.text()
              expect(answer.status, thing).to.equal(row.status)
              expect(passed, thing).to.deep.equal([])
              expect(seen, thing).to.have.length(row.status === 500 ? 1 : 0)
              if (row.status === 500) expect(seen[0], thing).to.be.an('error')
            }
            await running.stop()
          }))
      }
    }
  }
})
