import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { resourceServer, type ScopeClaim } from 'scopegate'
import { testIssuer } from 'scopegate/testing'
import { blocksOf, codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'

const page = readPage('resource-server.md')
const AUDIENCE = 'https://api.example.com'

/** What stands in the docs, as a value. */
const asValue = (code: string): unknown => new Function(`return (${code})`)()

describe('docs/resource-server.md', () => {
  it('guards a route by its claims as it says', async () => {
    const code = blocksOf(page).find(block => block.includes('requireClaims')) ?? ''
    const issuer = await testIssuer({ audience: AUDIENCE })
    const { requireScope, requireClaims } = resourceServer(issuer.resourceServerOptions)
    const app = express()
    const listInvoices = (_req: unknown, res: express.Response) => void res.json({ invoices: [] })
    const names = { app, requireScope, requireClaims, listInvoices }
    new Function(...Object.keys(names), code)(...Object.values(names))
    const call = async (scope: string, org_id: string) =>
      (
        await request(app)
          .get('/orgs/o1/invoices')
          .set('authorization', await issuer.bearer({ scope, claims: { org_id } }))
      ).status
    expect(await call('read:invoices', 'o1')).to.equal(200)
    expect(await call('read:invoices', 'o2')).to.equal(403)
    expect(await call('read:users', 'o1')).to.equal(403)
  })

  const section = sectionOf(page, '## Where the scopes are')
  const byFunction = codesIn(section).find(code => code.startsWith('claims => claims.')) ?? ''
  const options = [...rowsOf(section).map(([cell = '']) => codesIn(cell)[0] ?? ''), byFunction]
  for (const code of options.filter(text => !text.includes('…'))) {
    it(`has ${code} as an option`, async () => {
      const issuer = await testIssuer({ audience: AUDIENCE })
      const scopeClaim = asValue(code) as ScopeClaim
      const { requireScope } = resourceServer({ ...issuer.resourceServerOptions, scopeClaim })
      const app = express().get('/', requireScope('a'), (_req, res) => void res.json({}))
      const everywhere = {
        scope: 'a',
        permissions: ['a'],
        roles: ['a'],
        realm_access: { roles: ['a'] },
        resource_access: { 'my.api': { roles: ['a'] } },
      }
      const call = async (claims: Record<string, unknown>) =>
        (
          await request(app)
            .get('/')
            .set('authorization', await issuer.bearer({ claims }))
        ).status
      expect(await call(everywhere)).to.equal(200)
      expect(await call({})).to.equal(403)
    })
  }

  it('says rightly what the default does where permissions are all that a user may do', async () => {
    const issuer = await testIssuer({ audience: AUDIENCE })
    const [, both = ''] = /`scopeClaim: (\{ all: [^`]+\})`/.exec(section) ?? []
    const claims = { permissions: ['read:users', 'delete:users'], scope: 'openid read:users' }
    const authorization = await issuer.bearer({ claims })
    const statuses = []
    for (const option of [{}, { scopeClaim: asValue(both) as ScopeClaim }]) {
      const { requireScope } = resourceServer({ ...issuer.resourceServerOptions, ...option })
      const app = express().get(
        '/:scope',
        requireScope(req => req.params['scope'] ?? ''),
        (_req, res) => void res.json({}),
      )
      for (const scope of ['read:users', 'delete:users']) {
        statuses.push((await request(app).get(`/${scope}`).set({ authorization })).status)
      }
    }
    expect(statuses).to.deep.equal([200, 200, 200, 403])
  })
})
