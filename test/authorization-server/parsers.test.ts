import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import express5, { type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import { addApi, addClient, GOOD, startServer, type TestServer } from './fixtures.js'

type Parsers = (express: typeof express5) => RequestHandler[]

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

/** Keeps the raw body, as many hosts do for signatures. */
const keep = (convert: (raw: Buffer) => unknown) => (req: IncomingMessage, _res: unknown, raw: Buffer) => {
  Object.assign(req, { rawBody: convert(raw) })
}
const json: Parsers = express => [express.json()]
const jsonKeeping =
  (convert: (raw: Buffer) => unknown): Parsers =>
  express => [express.json({ verify: keep(convert) })]
const asBuffer = jsonKeeping(raw => raw)
const asText = jsonKeeping(raw => raw.toString())
const simple: Parsers = express => [express.urlencoded({ extended: false })]
const extended: Parsers = express => [express.urlencoded({ extended: true })]
const raw: Parsers = express => [express.raw({ type: '*/*' })]
const text: Parsers = express => [express.text({ type: '*/*' })]
/** What stands between a parser and the router, and changes the text. */
const textThen =
  (change: (text: string) => string): Parsers =>
  express => [...text(express), (req, _res, next) => next(void Object.assign(req, { body: change(req.body) }))]

const form = new URLSearchParams(GOOD).toString()
const members = JSON.stringify(GOOD).slice(1, -1)
const good = `{${members},"scope":"read:users"}`
const twice = `{${members},"scope":"read:users","scope":"write:users"}`

interface Case {
  description: string
  parsers: Parsers
  type: string
  body: string | Buffer
  headers?: Record<string, string>
  /** The granted scope, or the refusal. */
  outcome: string | { status: number; error: string }
}

const refused = { status: 400, error: 'invalid_request' }

const cases: Case[] = [
  { description: 'express.json', parsers: json, type: JSON_TYPE, body: good, outcome: 'read:users' },
  {
    description: 'express.json, of two values the last one',
    parsers: json,
    type: JSON_TYPE,
    body: twice,
    outcome: 'write:users',
  },
  {
    description: 'express.json, a list as scope',
    parsers: json,
    type: JSON_TYPE,
    body: '{"scope":["a"]}',
    outcome: refused,
  },
  { description: 'express.json, a list', parsers: json, type: JSON_TYPE, body: '[]', outcome: refused },
  { description: 'a raw body', parsers: asBuffer, type: JSON_TYPE, body: good, outcome: 'read:users' },
  { description: 'a raw body, a name twice', parsers: asBuffer, type: JSON_TYPE, body: twice, outcome: refused },
  { description: 'a raw text', parsers: asText, type: JSON_TYPE, body: good, outcome: 'read:users' },
  { description: 'a raw text, a name twice', parsers: asText, type: JSON_TYPE, body: twice, outcome: refused },
  {
    description: 'a raw body that was decompressed',
    parsers: asBuffer,
    type: JSON_TYPE,
    body: gzipSync(good),
    headers: { 'content-encoding': 'gzip' },
    outcome: 'read:users',
  },
  {
    description: 'a raw body that was decompressed, a name twice',
    parsers: asBuffer,
    type: JSON_TYPE,
    body: gzipSync(twice),
    headers: { 'content-encoding': 'gzip' },
    outcome: refused,
  },
  {
    description: 'a raw body without its first bytes',
    parsers: jsonKeeping(body => Buffer.concat([Buffer.from('{'), body.subarray(body.indexOf(',') + 1)])),
    type: JSON_TYPE,
    body: `{"scope":"read:users",${members}}`,
    outcome: refused,
  },
  {
    description: 'a raw text with characters that were lost',
    parsers: jsonKeeping(body => body.toString().replace('ä', '\ufffd')),
    type: JSON_TYPE,
    body: `{${members},"x":"ä!"}`,
    outcome: refused,
  },
  {
    description: 'a raw body above the limit',
    parsers: asBuffer,
    type: JSON_TYPE,
    body: `{${members},"x":"${'x'.repeat(65_536)}"}`,
    outcome: { status: 413, error: 'invalid_request' },
  },
  {
    description: 'something else that is called rawBody',
    parsers: jsonKeeping(() => ({ scope: 'write:users' })),
    type: JSON_TYPE,
    body: good,
    outcome: 'read:users',
  },
  { description: 'express.raw, JSON', parsers: raw, type: JSON_TYPE, body: good, outcome: 'read:users' },
  { description: 'express.raw, a name twice', parsers: raw, type: JSON_TYPE, body: twice, outcome: refused },
  {
    description: 'express.raw, a form',
    parsers: raw,
    type: FORM,
    body: `${form}&scope=read:users`,
    outcome: 'read:users',
  },
  { description: 'express.text, JSON', parsers: text, type: JSON_TYPE, body: good, outcome: 'read:users' },
  {
    description: 'express.text, a form',
    parsers: text,
    type: FORM,
    body: `${form}&scope=read:users&x=ä`,
    outcome: 'read:users',
  },
  { description: 'express.text, a name twice', parsers: text, type: JSON_TYPE, body: twice, outcome: refused },
  {
    description: 'express.text, a form that names scope twice',
    parsers: text,
    type: FORM,
    body: `${form}&scope=read:users&scope=write:users`,
    outcome: refused,
  },
  {
    description: 'express.text, decompressed',
    parsers: text,
    type: JSON_TYPE,
    body: gzipSync(good),
    headers: { 'content-encoding': 'gzip' },
    outcome: 'read:users',
  },
  {
    description: 'express.text, decompressed, a name twice',
    parsers: text,
    type: JSON_TYPE,
    body: gzipSync(twice),
    headers: { 'content-encoding': 'gzip' },
    outcome: refused,
  },
  {
    description: 'express.text, above the limit',
    parsers: text,
    type: FORM,
    body: `${form}&x=${'x'.repeat(65_536)}`,
    outcome: { status: 413, error: 'invalid_request' },
  },
  {
    description: 'express.text, decompressed, above the limit',
    parsers: text,
    type: FORM,
    body: gzipSync(`${form}&x=${'x'.repeat(65_536)}`),
    headers: { 'content-encoding': 'gzip' },
    outcome: { status: 413, error: 'invalid_request' },
  },
  {
    description: 'a text without its last bytes',
    parsers: textThen(whole => whole.replace(/&scope=.*/, '')),
    type: FORM,
    body: `${form}&scope=read:users`,
    outcome: refused,
  },
  {
    description: 'a text of as many characters as the body has bytes',
    parsers: textThen(whole => whole.replace('ä', 'ab').replace('x', 'ä')),
    type: FORM,
    body: `${form}&scope=read:users&x=ä`,
    outcome: refused,
  },
  {
    description: 'a text with characters that were lost',
    parsers: text,
    type: FORM,
    body: Buffer.concat([Buffer.from(`${form}&x=`), Buffer.of(0xe4)]),
    outcome: refused,
  },
  {
    description: 'a text that was read as Latin-1',
    parsers: text,
    type: `${FORM}; charset=iso-8859-1`,
    body: Buffer.concat([Buffer.from(`${form}&x=`), Buffer.of(0xe4)]),
    outcome: refused,
  },
  {
    description: 'express.text, none',
    parsers: text,
    type: FORM,
    body: '',
    outcome: { status: 401, error: 'invalid_client' },
  },
  { description: 'express.text, no object', parsers: text, type: JSON_TYPE, body: '"a"', outcome: refused },
  {
    description: 'JSON inside a JSON string',
    parsers: express => [express.json({ strict: false })],
    type: JSON_TYPE,
    body: JSON.stringify(good),
    outcome: refused,
  },
  ...[simple, extended].flatMap((parsers, i): Case[] => {
    const name = i === 0 ? 'express.urlencoded' : 'express.urlencoded, extended'
    const row = { parsers, type: FORM }
    return [
      { description: name, ...row, body: `${form}&scope=read:users`, outcome: 'read:users' },
      {
        description: `${name}, a name twice`,
        ...row,
        body: `${form}&scope=read:users&scope=write:users`,
        outcome: refused,
      },
      {
        description: `${name}, the same twice`,
        ...row,
        body: `${form}&scope=read:users&scope=read:users`,
        outcome: refused,
      },
      { description: `${name}, a list`, ...row, body: `${form}&scope[]=read:users`, outcome: refused },
      { description: `${name}, an index`, ...row, body: `${form}&scope[0]=read:users`, outcome: refused },
      { description: `${name}, an object`, ...row, body: `${form}&scope[a]=read:users`, outcome: refused },
      { description: `${name}, another case`, ...row, body: `${form}&Scope=read:users`, outcome: refused },
    ]
  }),
  {
    description: 'a parser for something else, and a wait in which all of it is read',
    parsers: express => [express.urlencoded({ extended: false }), drain],
    type: JSON_TYPE,
    body: good,
    outcome: refused,
  },
  {
    description: 'a host that marks everything as parsed',
    parsers: () => [drain, (req, _res, next) => next(void Object.assign(req, { body: {} }))],
    type: JSON_TYPE,
    body: good,
    outcome: refused,
  },
]

const drain: RequestHandler = (req, _res, next) => {
  once(req.resume(), 'end').then(() => next(), next)
}

describe('a body that a parser of the host has read', () => {
  let test: TestServer
  before(async () => {
    test = await startServer({ authorizeAdmin: () => ({ scopes: [] }) })
    await addApi(test)
    await addClient(test)
    for (const version of [4, 5]) await addClient(test, { id: `cli_${version}` })
  })

  for (const [version, express] of Object.entries({ 4: express4, 5: express5 })) {
    const createApp = (parsers: Parsers) =>
      express().use(...parsers(express), test.server.router, test.server.adminRouter)

    for (const { description, parsers, type, body, headers = {}, outcome } of cases) {
      const title = typeof outcome === 'string' ? `grants ${outcome}` : `is ${outcome.status}`
      it(`Express ${version}: ${description}: ${title}`, async () => {
        const sent = request(createApp(parsers))
          .post('/oauth/token')
          .set({ 'content-type': type, ...headers })
        const answer = await sent.serialize(as => as).send(body)
        if (typeof outcome === 'string') expect([answer.status, answer.body.scope]).to.deep.equal([200, outcome])
        else expect([answer.status, answer.body.error]).to.deep.equal([outcome.status, outcome.error])
      })
    }

    const path = `/clients/cli_${version}/secrets`
    const soon = '"2026-03-02T00:00:00Z"'
    const bodies = [
      { description: 'an empty object', parsers: json, body: '{}', status: 201, expires: null },
      { description: 'a member', parsers: json, body: `{"expires_at":${soon}}`, status: 201, expires: soon },
      {
        description: 'a member of a raw body',
        parsers: asBuffer,
        body: `{"expires_at":${soon}}`,
        status: 201,
        expires: soon,
      },
      {
        description: 'a member twice',
        parsers: asBuffer,
        body: `{"expires_at":${soon},"expires_at":${soon}}`,
        status: 400,
      },
      { description: 'a raw Buffer', parsers: raw, body: `{"expires_at":${soon}}`, status: 201, expires: soon },
      { description: 'a text', parsers: text, body: `{"expires_at":${soon}}`, status: 201, expires: soon },
      {
        description: 'a member twice in a text',
        parsers: text,
        body: `{"expires_at":${soon},"expires_at":${soon}}`,
        status: 400,
      },
      {
        description: 'a text without its last bytes',
        parsers: textThen(() => '{}'),
        body: `{"expires_at":${soon}}`,
        status: 400,
      },
      {
        description: 'an empty object that stands for what was not read',
        parsers: ((of: typeof express5) => [of.urlencoded({ extended: false }), drain]) satisfies Parsers,
        body: `{"expires_at":${soon}}`,
        status: 400,
      },
    ]
    for (const { description, parsers, body, status, expires } of bodies) {
      it(`Express ${version}: management, ${description}: ${status}`, async () => {
        const answer = await request(createApp(parsers)).post(path).set('content-type', JSON_TYPE).send(body)
        expect(answer.status, answer.text).to.equal(status)
        if (status === 400) expect(answer.body.error_code).to.equal('validation_error')
        else expect(answer.body.expires_at).to.equal(expires === null ? null : '2026-03-02T00:00:00.000Z')
      })
    }
  }
})
