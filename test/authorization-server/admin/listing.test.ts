import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { Express } from 'express'
import request from 'supertest'
import type { AuthorizationServer } from '../../../lib/authorization-server/index.js'
import { adminApp } from '../../support/admin-app.js'
import { describeStores } from '../../support/stores.js'

describeStores('lists of the management API', engine => {
  let app: Express
  let server: AuthorizationServer
  before(async () => {
    ;({ app, server } = await adminApp(engine))
    for (let i = 0; i < 3; i++) await create({ name: `API ${i}`, identifier: `https://n${i}.example` })
  })
  after(() => server.close())

  const create = (body: object) => request(app).post('/apis').send(body).expect(201)
  const list = (query: Record<string, string>) => request(app).get('/apis').query(query)

  /** What the server would give out for this position: everybody can compute it. */
  function forge(position: string, query = ''): string {
    const bound = JSON.stringify(['default', 'apis', query, 'createdAt desc, id desc'])
    const sum = createHash('sha256').update(`${bound}\n${position}`).digest('base64url').slice(0, 22)
    return Buffer.from(sum + position).toString('base64url')
  }

  it('goes on from a cursor whose position is one', async () => {
    const { body } = await list({ pageSize: '1' }).expect(200)
    const position = Buffer.from(body.next, 'base64url').toString().slice(22)
    expect(forge(position)).to.equal(body.next)
    const page = await list({ next: forge(`[${Date.now() + 60_000},"api_z"]`) }).expect(200)
    expect(page.body.results).to.have.length(4)
  })

  const positions = [
    '[0,{"length":100000000}]',
    '["x","y"]',
    '[0,5]',
    '[]',
    'null',
    '',
    '{}',
    '[0,"a",1]',
    '[0]',
    '[0, "a"]',
    '[1e3,"a"]',
    '[-1,"a"]',
    '[0.5,"a"]',
    '[9999999999999999,"a"]',
    '[0,""]',
    '[0,"a\\u0000"]',
    '[0,"ä"]',
    '[0,null]',
    '[0,["a"]]',
    '[0,{"$gt":""}]',
    `[0,"${'a'.repeat(201)}"]`,
  ]
  for (const position of positions) {
    it(`refuses a cursor of its own sum over ${position.slice(0, 40) || 'nothing'}`, async () => {
      for (const parameter of ['next', 'cursor']) {
        const { status, body } = await list({ [parameter]: forge(position) })
        expect(status).to.equal(400)
        expect(body).to.deep.include({ error_code: 'validation_error' })
        expect(body.details.fields).to.deep.equal([parameter])
      }
    })
  }

  it('refuses a cursor in another spelling, of another query, and one that was changed', async () => {
    const { next } = (await list({ pageSize: '1' })).body
    const changed = next.slice(0, -2) + (next.endsWith('A') ? 'BB' : 'AA')
    for (const cursor of [`${next}=`, `${next} `, changed, forge('[0,"a"]', 'x'), 'x', '%00']) {
      await list({ next: cursor }).expect(400)
    }
  })

  const controls = ['\u0000', '\u0001', '\t', '\n', '\u001f', '\u007f', '\u0085']
  for (const control of controls) {
    it(`refuses ${JSON.stringify(control)} in a query, wherever it stands`, async () => {
      for (const query of [`a${control}b`, `name:a${control}*`, `"a${control}"`, `identifier:${control}`, control]) {
        const { status, body } = await list({ query })
        expect(status, query).to.equal(400)
        expect(body.error_code).to.equal('invalid_query')
      }
    })
  }
})

describeStores('pages of large records', engine => {
  let app: Express
  let server: AuthorizationServer
  before(async () => {
    ;({ app, server } = await adminApp(engine))
    const permissions = Array.from({ length: 1000 }, (_, i) => ({ value: `p${i}`, description: 'x'.repeat(480) }))
    for (let i = 0; i < 9; i++) {
      await request(app)
        .post('/apis')
        .send({ name: `Large ${i}`, identifier: `https://l${i}.example`, permissions })
        .expect(201)
    }
  })
  after(() => server.close())

  it('have about 2 MB at most, and a walk sees every row exactly once', async () => {
    const seen: string[] = []
    let next: string | null = ''
    for (let pages = 1; next !== null; pages++) {
      const { body, text }: request.Response = await request(app)
        .get('/apis')
        .query({ pageSize: 200, next })
        .expect(200)
      expect(text.length).to.be.below(2_300_000)
      expect(body.results.length).to.be.within(1, 4)
      seen.push(...body.results.map(({ name }: { name: string }) => name))
      next = body.next
      expect(pages).to.be.at.most(10)
    }
    const large = Array.from({ length: 9 }, (_, i) => `Large ${8 - i}`)
    expect(seen).to.deep.equal([...large, 'Management API'])
  })
})
