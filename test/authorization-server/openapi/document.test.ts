import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import {
  accountsByPath,
  type AuthorizationServer,
  authorizationServer,
} from '../../../lib/authorization-server/index.js'
import { ROUTES } from '../../../lib/authorization-server/admin/routes.js'
import { atMountPath } from '../../../lib/authorization-server/openapi/document-handler.js'
import { API_CREATION } from '../../../lib/authorization-server/schemas/api.js'
import { embeddedStore } from '../../../lib/store/embedded/index.js'
import { seedKeys } from '../../support/seeded-keys.js'
import { documented } from '../../support/documented.js'

interface Operation {
  operationId: string
  summary: string
  security: Record<string, string[]>[]
  responses: Record<string, unknown>
}

interface Document {
  openapi: string
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, unknown>>
}

const METHODS = ['get', 'post', 'delete', 'put', 'patch']

function operationsOf({ paths }: Document): (Operation & { at: string })[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      METHODS.includes(method) ? [{ ...operation, at: `${method} ${path}` }] : [],
    ),
  )
}

/** Every text that stands in a `$ref`. */
function refsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : []
  return [...own, ...Object.values(value).flatMap(refsOf)]
}

function resolveRef(document: Document, ref: string): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>(
      (at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined),
      document,
    )
}

const USERS = { authenticate: () => undefined, loginUrl: '/login' }

const configurations = [
  { title: 'without users', options: { issuer: 'http://localhost:3000' }, prefix: '' },
  { title: 'with users', options: { issuer: 'http://localhost:3000', users: USERS }, prefix: '' },
  {
    title: 'with accounts below a path',
    options: { accounts: accountsByPath('http://localhost:3000', ['acme']), users: USERS },
    prefix: '/t/acme',
  },
  { title: 'with an issuer that has a path', options: { issuer: 'http://localhost:3000/auth' }, prefix: '/auth' },
]

for (const { title, options, prefix } of configurations) {
  describe(`/openapi.json ${title}`, () => {
    const documents = new Map<string, Document>()
    let server: AuthorizationServer
    before(async () => {
      server = documented(await authorizationServer({ store: await seedKeys(embeddedStore(':memory:')), ...options }))
      for (const [name, router] of [
        ['public', server.router],
        ['management', server.adminRouter],
        ['both', server.openApiRouter],
      ] as const) {
        const { body } = await request(express().use(router)).get(`${prefix}/openapi.json`).expect(200)
        documents.set(name, body)
      }
    })
    after(() => server.close())

    for (const name of ['public', 'management', 'both']) {
      const read = (): Document => documents.get(name) as Document

      it(`${name}: is valid OpenAPI 3.1`, async () => {
        const { valid, errors } = await new Validator().validate(structuredClone(read()) as never)
        expect(valid, JSON.stringify(errors)).to.equal(true)
        expect(read().openapi).to.match(/^3\.1\./)
      })

      it(`${name}: every reference leads somewhere, and every component is used`, () => {
        const refs = refsOf(read())
        for (const ref of refs) expect(resolveRef(read(), ref), ref).to.be.an('object')
        const { schemas = {}, responses = {} } = read().components
        for (const [kind, components] of Object.entries({ schemas, responses })) {
          const used = Object.keys(components).filter(component => refs.includes(`#/components/${kind}/${component}`))
          expect(used).to.deep.equal(Object.keys(components))
        }
      })

      it(`${name}: every operation has its own id, a summary, its security, and what it refuses`, () => {
        const operations = operationsOf(read())
        expect(operations).not.to.have.length(0)
        expect(new Set(operations.map(({ operationId }) => operationId)).size).to.equal(operations.length)
        const { securitySchemes = {} } = read().components
        for (const { at, operationId, summary, security, responses } of operations) {
          expect(operationId, at).to.match(/^[a-z][A-Za-z]+$/)
          expect(summary, at).to.match(/^[A-Z].{5,100}[^.]$/)
          expect(security, at).to.be.an('array').with.length.above(0)
          const schemes = security.flatMap(Object.keys)
          expect(securitySchemes, at).to.include.all.keys(
            ...(schemes.length > 0 ? schemes : Object.keys(securitySchemes)),
          )
          const statuses = Object.keys(responses)
          expect(statuses, at).to.include.members(['404', '500', '503'])
          if (!security.some(scheme => Object.keys(scheme).length === 0)) expect(statuses, at).to.include('401')
          expect(
            statuses.some(status => status < '400'),
            at,
          ).to.equal(true)
        }
      })

      it(`${name}: names every parameter of its paths`, () => {
        for (const [path, { parameters = [] }] of Object.entries(read().paths)) {
          const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter)
          expect(
            (parameters as { name: string }[]).map(parameter => parameter.name),
            path,
          ).to.deep.equal(named)
        }
      })
    }

    it('says where the public routes are by the issuer, and where the management API is by the mount path', () => {
      const issuer = `http://localhost:3000${prefix}`
      expect(documents.get('public')?.servers).to.deep.equal([{ url: issuer }])
      expect(documents.get('both')?.servers).to.deep.equal([{ url: issuer }])
      expect(documents.get('management')?.servers).to.deep.equal([{ url: prefix || '/' }])
    })

    it('has each route of the management API, with the scope that it needs', () => {
      for (const name of ['management', 'both']) {
        const said = operationsOf(documents.get(name) as Document).flatMap(({ at, security }) =>
          security.flatMap(({ managementToken }) => (managementToken ? [[at, managementToken]] : [])),
        )
        const wanted = ROUTES.flatMap(({ path, methods }) =>
          Object.entries(methods).map(([method, { scope }]) => [
            `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`,
            [scope],
          ]),
        )
        expect(said).to.deep.equal(wanted)
      }
    })

    it('has /userinfo where there are users, and only there', () => {
      expect('/userinfo' in (documents.get('public') as Document).paths).to.equal('users' in options)
    })
  })
}

describe('/openapi.json', () => {
  let server: AuthorizationServer
  before(async () => {
    const store = await seedKeys(embeddedStore(':memory:'))
    server = documented(await authorizationServer({ store, issuer: 'https://id.example.com' }))
  })
  after(() => server.close())

  it('has the very schema that checks a body', async () => {
    const { body } = await request(express().use(server.adminRouter)).get('/openapi.json')
    const shown = body.components.schemas.ApiCreation
    expect(Object.keys(shown.properties)).to.deep.equal(Object.keys(API_CREATION.properties ?? {}))
    expect(shown).to.include({ additionalProperties: false }).and.to.deep.include({ required: API_CREATION.required })
    expect(shown.properties.name).to.include(API_CREATION.properties?.['name'])
    expect(shown.properties.permissions).to.include({ 'x-unique-by': 'value' }).and.not.to.have.property('uniqueBy')
    expect(shown.properties.slug.description).to.equal('must match [a-z0-9-]')
    expect(body.paths['/apis'].post.requestBody.content['application/json'].schema).to.deep.equal({
      $ref: '#/components/schemas/ApiCreation',
    })
  })

  for (const name of ['router', 'adminRouter', 'openApiRouter'] as const) {
    describe(name, () => {
      const app = (): express.Express => express().use('/in/here', server[name])
      const path = '/in/here/openapi.json'

      it('is for everybody, and may be kept', async () => {
        const { headers } = await request(app()).get(path).expect(200)
        expect(headers).to.include({
          'access-control-allow-origin': '*',
          'cache-control': 'public, max-age=300',
          'content-type': 'application/json',
        })
        const again = await request(app())
          .get(path)
          .set('If-None-Match', headers['etag'] ?? '')
          .expect(304)
        expect(again.text).to.equal('')
      })

      it('answers HEAD as GET, without the body', async () => {
        const got = await request(app()).get(path)
        const { headers, text } = await request(app()).head(path).expect(200)
        expect(text ?? '').to.equal('')
        for (const header of ['etag', 'content-length', 'content-type'])
          expect(headers[header], header).to.equal(got.headers[header])
      })

      it('is not served by other methods', async () => {
        for (const method of ['post', 'put', 'delete', 'patch'] as const) {
          const { headers } = await request(app())[method](path).expect(405)
          expect(headers['allow']).to.equal('GET, HEAD')
        }
        await request(app()).options(path).expect(204)
      })

      it('names no host that the request chose', async () => {
        const { text } = await request(app())
          .get(path)
          .set({ Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Prefix': '/evil' })
        expect(text).not.to.include('evil')
      })

      it('leaves the files of the host alone', async () => {
        for (const other of ['/in/here/docs/openapi.json', '/in/here/openapi.json/', '/in/here/openapi.yaml']) {
          const hosts = app().get(other, (_req, res) => void res.json({ own: true }))
          const { body } = await request(hosts).get(other).expect(200)
          expect(body).to.deep.equal({ own: true })
        }
      })
    })
  }

  it('says where the management API is mounted', async () => {
    const app = express().use('/my/admin', server.adminRouter)
    const { body } = await request(app).get('/my/admin/openapi.json')
    expect(body.servers).to.deep.equal([{ url: '/my/admin' }])
  })

  for (const baseUrl of [
    '//evil.example',
    '/\\evil.example',
    '/{host}',
    '/a"b',
    '/a//b',
    'https://evil.example',
    '/a?b',
  ]) {
    it(`takes ${baseUrl} for no mount path`, () => expect(atMountPath({ baseUrl })).to.equal('.'))
  }
})
