import { expect } from 'chai'
import { pino } from 'pino'
import request from 'supertest'
import { testIssuer } from 'scopegate/testing'
import { createApp as createAccounts } from '../../examples/many-accounts.js'
import { ADMIN_SCOPES, createApp as createMounted } from '../../examples/mount-in-your-app.js'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import { createApp as createObserved } from '../../examples/observe.js'
import { createApp as createReport } from '../../examples/service-to-service.js'
import { createApp as createQuickstart } from '../../examples/quickstart.js'
import { API, Tour } from '../support/tour.js'
import { listen } from '../support/running.js'
import { mongoDatabase, requireMongo } from '../support/stores.js'
import '../../examples/test-your-routes.js'

describe('examples', () => {
  it('quickstart: registers an API, gets a token and reaches the protected route', async () => {
    let created: Awaited<ReturnType<typeof createQuickstart>> | undefined
    const running = await listen(async url => {
      created = await createQuickstart(url)
      return created.app
    })
    const [client] = created?.server.takeManagementClients() ?? []
    const tour = new Tour(running.url, `${running.url}/admin`)
    if (client !== undefined) await tour.logIn(client)
    const own = await tour.register()
    for (const [scope, status] of [
      ['read:users', 200],
      ['write:users', 403],
    ] as const) {
      const answer = (await (await tour.token(own, { audience: API.identifier, scope })).json()) as {
        access_token: string
      }
      const headers = { authorization: `Bearer ${answer.access_token}` }
      expect((await fetch(`${running.url}/users`, { headers })).status).to.equal(status)
    }
    expect((await fetch(`${running.url}/users`)).status).to.equal(401)
    await running.stop()
    await created?.server.close()
  })

  it('mount-in-your-app: its administrators have every scope of the management API', () => {
    expect(ADMIN_SCOPES).to.have.members(MANAGEMENT_PERMISSIONS.map(({ value }) => value))
  })

  it("mount-in-your-app: the host's login decides, and its routes stay", async function mounted() {
    await requireMongo(this)
    const { app, server } = await createMounted(await mongoDatabase(), cookie => cookie === 'session=admin')
    await request(app).get('/').expect(200, 'the application')
    await request(app).get('/admin/apis').expect(401)
    await request(app).post('/admin/apis').set('cookie', 'session=admin').send(API).expect(201)
    const { body } = await request(app).get('/admin/apis?query=is_system:false').set('cookie', 'session=admin')
    expect(body.results).to.have.length(1)
    expect(body.next).to.equal(null)
    await server.close()
  })

  it('observe: counts and logs refusals and fetches, and nothing of a token', async () => {
    const issuer = await testIssuer({ audience: 'https://api.example.com' })
    const lines: { level: number; msg: string; code: string }[] = []
    const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
    const app = createObserved(issuer.resourceServerOptions, log)
    const token = await issuer.token({ scope: 'write:users' })
    await request(app).get('/users').set('authorization', `Bearer ${token}`).expect(403)
    await request(app).get('/users').set('authorization', 'Bearer abc').expect(401)
    const { text } = await request(app).get('/metrics').expect(200)
    expect(text).to.include(
      `scopegate_guard_refusals_total{code="ERR_INSUFFICIENT_SCOPE",detail="scope_missing",issuer="${issuer.issuer}"} 1`,
    )
    expect(text).to.include(
      'scopegate_guard_refusals_total{code="ERR_INVALID_TOKEN",detail="not_three_parts",issuer="unknown"} 1',
    )
    expect(text).to.include(
      `scopegate_guard_key_set_fetch_duration_seconds_count{code="loaded",issuer="${issuer.issuer}"} 1`,
    )
    expect(lines.map(({ level, msg, code }) => [level, msg, code])).to.deep.equal([
      [30, 'key_set_loaded', 'loaded'],
      [30, 'refused', 'ERR_INSUFFICIENT_SCOPE'],
      [30, 'refused', 'ERR_INVALID_TOKEN'],
    ])
    expect(text + JSON.stringify(lines)).not.to.include(token.slice(-20))

    const down = await testIssuer({ audience: 'https://api.example.com', issuer: 'https://down.test' })
    down.fail('error')
    await request(createObserved(down.resourceServerOptions, log))
      .get('/users')
      .set('authorization', await down.bearer())
      .expect(503)
    expect(lines.slice(3).map(({ level, msg }) => [level, msg])).to.deep.equal([
      [40, 'key_set_failed'],
      [40, 'refused'],
    ])
  })

  it('service-to-service: sends a token of its own along, and says when none can be had', async () => {
    const issuer = await testIssuer({ audience: API.identifier })
    let status = 200
    const network: typeof fetch = async (input, init) => {
      const { pathname } = new URL(String(input))
      const headers = { 'content-type': 'application/json', 'retry-after': '30' }
      if (pathname === '/users')
        return Response.json({ authorization: new Headers(init?.headers).get('authorization') })
      const metadata = { issuer: issuer.issuer, token_endpoint: `${issuer.issuer}/token` }
      const tokens = { access_token: 'a-token', token_type: 'Bearer', expires_in: 60 }
      const body = JSON.stringify(pathname === '/token' ? tokens : metadata)
      return new Response(body, { status: pathname === '/token' ? status : 200, headers })
    }
    const options = {
      issuer: issuer.issuer,
      clientId: 'a',
      clientSecret: 'b',
      audience: API.identifier,
      fetch: network,
    }
    const report = () => request(createReport(options, `${API.identifier}/users`)).get('/report')
    await report().expect(200, { report: { authorization: 'Bearer a-token' } })
    status = 503
    await report().expect(503, { error: 'unavailable' }).expect('Retry-After', '30')
  })

  it('many-accounts: each has its own issuer, and the root has none', async () => {
    const { app, server } = await createAccounts('http://localhost:3000')
    const { body } = await request(app).get('/t/acme/.well-known/openid-configuration').expect(200)
    expect(body.issuer).to.equal('http://localhost:3000/t/acme')
    await request(app).get('/.well-known/oauth-authorization-server/t/globex').expect(200)
    await request(app).get('/t/other/apis').expect(404)
    await request(app).get('/.well-known/openid-configuration').expect(404)
    await server.close()
  })
})
