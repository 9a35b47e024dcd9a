import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import type { Route } from '../../../lib/authorization-server/admin/routes.js'
import { createDocument } from '../../../lib/authorization-server/openapi/document.js'
import * as keys from '../../../lib/authorization-server/openapi/key-operations.js'
import * as logs from '../../../lib/authorization-server/openapi/log-operations.js'
import * as management from '../../../lib/authorization-server/openapi/management-operations.js'
import type { OperationDescription } from '../../../lib/authorization-server/openapi/operation.js'
import { placeManagement } from '../../../lib/authorization-server/openapi/place.js'
import * as preview from '../../../lib/authorization-server/openapi/preview-operations.js'
import { createAnswerChecker, type OpenApiDocument } from '../../support/answer-checker.js'

/** The document of one route. */
function documentOf(path: string, method: string, about: OperationDescription): OpenApiDocument {
  const operations = placeManagement([{ path, methods: { [method]: { scope: 'read:apis', about } } }])
  const permissions = [{ value: 'read:apis' }]
  const place = { issuer: 'https://id.example.com', server: '/' }
  return JSON.parse(JSON.stringify(createDocument({ title: 'One route', operations, permissions })(place)))
}

const JSON_TYPE = { 'content-type': 'application/json' }

describe('the description of a route', () => {
  it('must be there', () => {
    // @ts-expect-error a route without its description
    const route: Route = { path: '/apis', methods: { GET: { scope: 'read:apis', run: async () => {} } } }
    expect(route.methods).to.have.property('GET')
  })

  const key = { kid: 'k', state: 'next', created_at: null, published_at: null, activated_at: null, retired_at: null }
  const time = '2026-01-31T12:00:00.000Z'
  const would = { clients: ['cli_1'], grants: 1, consents: 0, permissions_removed: ['read:users'] }
  const rows = [
    { path: '/keys', method: 'GET', about: keys.LIST_KEYS, body: { results: [key], next: null } },
    { path: '/keys/rotate', method: 'POST', about: keys.ROTATE_KEYS, body: { results: [key], next: null } },
    { path: '/keys/:kid', method: 'DELETE', about: keys.DELETE_KEY, status: 204 },
    { path: '/logs', method: 'GET', about: logs.LIST_LOGS, body: { results: [], next: null } },
    {
      ...{ path: '/logs/:id', method: 'GET', about: logs.READ_LOG },
      body: {
        id: 'log_1',
        type: 'api.updated',
        target: 'api_1',
        changes: [{ field: 'name', before: 'A' }],
        createdAt: time,
      },
    },
    {
      ...{ path: '/apis/:apis_id/preview', method: 'POST', about: preview.PREVIEW_TOKEN },
      body: { granted: false, error: 'invalid_scope', dropped: [{ scope: 'x', reason: 'not_in_catalogue' }] },
    },
    {
      ...{ path: '/apis/:apis_id/usage', method: 'GET', about: preview.READ_USAGE },
      body: { results: [{ value: 'read:users', granted: 3 }] },
    },
    { path: '/apis/:apis_id', method: 'POST', about: preview.withDryRun(management.UPDATE_API), body: { would } },
    { path: '/apis/:apis_id', method: 'DELETE', about: preview.withDryRun(management.DELETE_API), body: { would } },
    { path: '/apis/:apis_id', method: 'DELETE', about: preview.withDryRun(management.DELETE_API), status: 204 },
  ]
  for (const { path, method, about, status = 200, body } of rows) {
    it(`${method} ${path} makes a valid document, which has the answer ${status}`, async () => {
      const document = documentOf(path, method, about)
      const { valid, errors } = await new Validator().validate(structuredClone(document) as never)
      expect(valid, JSON.stringify(errors)).to.equal(true)
      const check = createAnswerChecker(document)
      const headers = body === undefined ? {} : { ...JSON_TYPE, etag: '"1"' }
      const answer = { method, target: path.replace(/:\w+/g, 'x'), status, headers }
      expect(check({ ...answer, body: body === undefined ? '' : JSON.stringify(body) })).to.equal(undefined)
      if (body === undefined) return
      expect(check({ ...answer, body: JSON.stringify({ ...body, odd: true }) })).to.match(/body/)
    })
  }
})
