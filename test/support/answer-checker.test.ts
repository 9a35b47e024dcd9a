import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { describeManagement } from '../../lib/authorization-server/openapi-documents.js'
import { createDocument } from '../../lib/authorization-server/openapi/document.js'
import type { Handler } from '../../lib/http/handler.js'
import { createAnswerChecker, type OpenApiDocument, type SeenAnswer } from './answer-checker.js'
import { watch } from './documented.js'

const document = createDocument(describeManagement())({ issuer: 'https://id.example.com', server: '/' })
const check = createAnswerChecker(JSON.parse(JSON.stringify(document)) as OpenApiDocument)

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const TAGGED = { ...JSON_TYPE, etag: '"1"' }
const API = {
  ...{ id: 'api_1', name: 'A', slug: 'a', identifier: 'https://a.example', permissions: [], signing_alg: 'RS256' },
  ...{ token_dialect: 'access_token', token_lifetime: 3600, enforce_policies: true, allow_offline_access: false },
  ...{ skip_consent: false, is_system: false },
  ...{ createdAt: '2026-01-31T12:00:00.000Z', updatedAt: '2026-01-31T12:00:00.000Z' },
}
const NOT_FOUND = { status: 404, error_code: 'not_found', message: 'There is no such resource.', details: {} }

interface Row extends Partial<Omit<SeenAnswer, 'body'>> {
  title: string
  body?: unknown
  /** Absent: nothing is wrong. */
  fault?: RegExp
}

const { name: _name, ...nameless } = API

const rows: Row[] = [
  { title: 'an API', body: API },
  { title: 'an API below an account', target: '/t/acme/apis/1?x', body: API },
  { title: 'an API with a further member', body: { ...API, account: 'default' }, fault: /additional properties/ },
  { title: 'an API without its name', body: nameless, fault: /'name'/ },
  { title: 'an API with a member of another type', body: { ...API, token_lifetime: '3600' }, fault: /token_lifetime/ },
  { title: 'an API with a date in another spelling', body: { ...API, createdAt: '31 January' }, fault: /createdAt/ },
  { title: 'an API without its ETag', headers: JSON_TYPE, body: API, fault: /no header ETag/ },
  {
    title: 'an API as another type',
    headers: { ...TAGGED, 'content-type': 'text/plain' },
    body: API,
    fault: /text\/plain/,
  },
  {
    title: 'a page instead of an API',
    headers: { ...TAGGED, 'content-type': 'text/html' },
    body: API,
    fault: /text\/html/,
  },
  { title: 'an undocumented status', status: 202, body: API, fault: /202/ },
  { title: 'a status of another method', method: 'DELETE', status: 201, body: API, fault: /201/ },
  { title: 'a removal', method: 'DELETE', status: 204, headers: {} },
  { title: 'a removal with a body', method: 'DELETE', status: 204, headers: {}, body: {}, fault: /a body/ },
  { title: 'a refusal', status: 404, body: NOT_FOUND },
  { title: 'a refusal with the code of another status', status: 403, body: NOT_FOUND, fault: /body/ },
  { title: 'a refusal with a further member', status: 404, body: { ...NOT_FOUND, stack: '' }, fault: /additional/ },
  { title: 'a refusal of OAuth', status: 404, body: { error: 'not_found', error_description: '' }, fault: /body/ },
  { title: 'HEAD, whose body is not there', method: 'HEAD' },
  { title: 'HEAD with an undocumented status', method: 'HEAD', status: 201, fault: /201/ },
  { title: 'a client whose id is the name of a route', target: '/clients/apis', status: 200, body: API, fault: /body/ },
  { title: 'a path that is not served', target: '/nothing', status: 404, body: NOT_FOUND },
  { title: 'a path that is served and not documented', target: '/nothing', status: 200, body: {}, fault: /not served/ },
  { title: 'a method that is not served', method: 'PUT', status: 405, body: { ...NOT_FOUND, status: 405 } },
  { title: 'a method that is served and not documented', method: 'PUT', status: 200, body: API, fault: /not served/ },
  { title: 'a preflight', method: 'OPTIONS', status: 204 },
]

describe('answers are checked against the document', () => {
  for (const { title, body, fault, ...answer } of rows) {
    it(`${fault === undefined ? 'accepts' : 'finds'} ${title}`, () => {
      const text = body === undefined ? '' : JSON.stringify(body)
      const found = check({ method: 'GET', target: '/apis/1', status: 200, headers: TAGGED, ...answer, body: text })
      if (fault === undefined) expect(found).to.equal(undefined)
      else expect(found).to.match(fault)
    })
  }

  describe('as a router gives them', () => {
    const seen: { answer: SeenAnswer; fault: string }[] = []
    const tell = (answer: SeenAnswer, fault: string): void => void seen.push({ answer, fault })
    const app = (router: Handler): express.Express => express().use('/admin', watch(router, check, tell))
    beforeEach(() => {
      seen.length = 0
    })

    it('tells of a wrong one, which the client gets as it is', async () => {
      const wrong = app((_req, res) => {
        res.writeHead(200, TAGGED)
        res.write('{"odd":')
        res.end('true}')
      })
      const { body } = await request(wrong).get('/admin/apis/1').expect(200)
      expect(body).to.deep.equal({ odd: true })
      expect(seen).to.have.length(1)
      expect(seen[0]?.answer).to.include({ method: 'GET', target: '/apis/1', status: 200, body: '{"odd":true}' })
    })

    it('says nothing of a right one', async () => {
      const right = app((_req, res) => {
        res.writeHead(200, TAGGED)
        res.end(JSON.stringify(API))
      })
      await request(right).get('/admin/apis/1').expect(200)
      expect(seen).to.deep.equal([])
    })

    it('says nothing of what the router hands on', async () => {
      const passing = app((_req, _res, next) => next()).use((_req, res) => void res.json({ odd: true }))
      await request(passing).get('/admin/apis/1').expect(200)
      expect(seen).to.deep.equal([])
    })
  })
})
