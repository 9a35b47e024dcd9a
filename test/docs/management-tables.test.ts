import { expect } from 'chai'
import express, { type Express } from 'express'
import request from 'supertest'
import { authorizationServer } from '../../lib/authorization-server/index.js'
import { PREVIEW } from '../../lib/authorization-server/schemas/preview.js'
import { DROP_REASONS } from '../../lib/authorization-server/tokens/dropped.js'
import { MANAGEMENT_STATUS } from '../../lib/errors.js'
import { API_FIELDS, CLIENT_FIELDS, LOG_FIELDS } from '../../lib/query/fields.js'
import { LOG_TYPES } from '../../lib/store/log-records.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { adminApp } from '../support/admin-app.js'
import { limitsOf } from '../support/field-tables.js'
import { codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'
import { seedKeys } from '../support/seeded-keys.js'
import { storeEngines } from '../support/stores.js'

const page = readPage('management-api.md')

type Body = Record<string, unknown>

describe('docs/management-api.md: tables', () => {
  let app: Awaited<ReturnType<typeof adminApp>>

  const post = (path: string, body: Body): Promise<{ body: Body }> => request(app.app).post(path).send(body)

  before(async () => {
    const [engine] = storeEngines
    if (engine === undefined) throw new Error('there is no engine')
    app = await adminApp(engine)
  })
  after(() => app.server.close())

  it('says the scope of every call', async () => {
    const asked: string[] = []
    const server = await authorizationServer({
      issuer: 'http://localhost:3000',
      store: await seedKeys(embeddedStore(':memory:')),
      authorizeAdmin(_req, scope) {
        asked.push(scope)
        return { scopes: [] }
      },
    })
    const rows = rowsOf(sectionOf(page, '## Calls'))
    for (const [call = ''] of rows) {
      const [method = '', path = ''] = (codesIn(call)[0] ?? '').replaceAll(/:\w+/g, 'x').split(' ')
      const { status } = await send(express().use(server.adminRouter), method, path)
      expect(status, call).not.to.equal(405)
    }
    expect(asked).to.deep.equal(rows.map(([, scope = '']) => codesIn(scope)[0]))
    await server.close()
  })

  it('says the defaults of every application type', async () => {
    const rows = rowsOf(sectionOf(page, '## A client')).filter(([, , , last = '']) => /^(?:yes|no)$/.test(last))
    expect(rows).to.have.length(4)
    for (const [type = '', method = '', grants = '', secret] of rows) {
      const { body } = await post('/clients', { name: 'A', application_type: codesIn(type)[0] })
      expect(body['token_endpoint_auth_method']).to.equal(JSON.parse(codesIn(method)[0] ?? ''))
      expect(body['grant_types']).to.deep.equal(JSON.parse(codesIn(grants)[0] ?? ''))
      expect('client_secret' in body).to.equal(secret === 'yes')
    }
  })

  it('says what each dialect puts in a token', async () => {
    const rows = rowsOf(sectionOf(page, '## What `token_dialect` changes'))
    const [, claims = ''] = rows.find(([name]) => name === 'claims') ?? []
    const audience = 'https://dialects.example.com'
    const { body: client } = await post('/clients', { name: 'A' })
    const { body: api } = await post('/apis', { name: 'A', identifier: audience })
    for (const [token_dialect, added] of [
      ['access_token', []] as const,
      ['access_token_authz', ['permissions']] as const,
    ]) {
      await post(`/apis/${api['id']}`, { token_dialect })
      const { body } = await request(app.app)
        .post('/oauth/token')
        .auth(String(client['client_id']), String(client['client_secret']))
        .send({ grant_type: 'client_credentials', audience })
        .expect(200)
      const [header, payload] = String(body.access_token).split('.').slice(0, 2).map(decode)
      expect(Object.keys(payload ?? {})).to.have.members([...codesIn(claims), ...added])
      expect(header).to.include({ alg: 'RS256', typ: 'at+jwt' }).and.to.have.all.keys('alg', 'typ', 'kid')
      expect(payload?.['permissions']).to.deep.equal(added.length === 0 ? undefined : [])
    }
  })

  for (const [name, fields] of [
    ['APIs', API_FIELDS],
    ['clients', CLIENT_FIELDS],
    ['the log', LOG_FIELDS],
  ] as const) {
    it(`docs/faableql.md: names every field of ${name}, and no other`, () => {
      const [, list = ''] =
        new RegExp(`^- Fields of ${name}: ([^]*?)\\.\\n(?:-|$)`, 'm').exec(readPage('faableql.md')) ?? []
      expect(codesIn(list)).to.have.members(Object.keys(fields))
    })
  }

  it('names every field of a preview, with its limits, and every reason', () => {
    const rows = rowsOf(sectionOf(page, '## Preview a token'))
    const fields = rows.filter(({ length }) => length === 3)
    expect(fields.map(([name = '']) => codesIn(name)[0])).to.have.members(Object.keys(PREVIEW.properties ?? {}))
    for (const [name = '', rule = ''] of fields) {
      const schema = PREVIEW.properties?.[codesIn(name)[0] ?? '']
      const said = rule.replace(/(?<=\d) (?=\d{3})/g, '')
      for (const limit of schema === undefined ? [] : limitsOf(schema)) {
        expect(said, name).to.match(new RegExp(`(?<!\\w)${limit}(?!\\w)`))
      }
    }
    const reasons = rows.filter(({ length }) => length === 2)
    expect(reasons.map(([reason = '']) => codesIn(reason)[0])).to.deep.equal(DROP_REASONS)
  })

  it('says every type and field of the log', async () => {
    const rows = rowsOf(sectionOf(page, '## Logs'))
    const named = rows.flatMap(([first = '']) => codesIn(first))
    for (const type of LOG_TYPES) expect(named).to.include(type)
    const fields = Object.keys(LOG_FIELDS).map(name => name.split('.', 1)[0] ?? '')
    for (const field of fields) if (!['id', 'type', 'createdAt'].includes(field)) expect(named).to.include(field)
  })

  it('says the status of every error code', () => {
    const rows = rowsOf(sectionOf(page, '## Errors'))
    const said = Object.fromEntries(rows.map(([code = '', status]) => [codesIn(code)[0], Number(status)]))
    expect(said).to.deep.equal(MANAGEMENT_STATUS)
  })
})

const decode = (part: string): Body => JSON.parse(Buffer.from(part, 'base64url').toString())

function send(app: Express, method: string, path: string): Promise<{ status: number }> {
  const agent = request(app)
  if (method === 'GET') return agent.get(path)
  return method === 'DELETE' ? agent.delete(path) : agent.post(path)
}
