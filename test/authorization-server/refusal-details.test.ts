import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import { TOKEN_ENDPOINT_DETAILS, type TokenEndpointDetail } from '../../lib/details.js'
import type { ClientRecord } from '../../lib/store/records.js'
import { listen } from '../support/running.js'
import { CODE_REFUSALS } from '../vectors/code-refusals.js'
import { REFRESH_REFUSALS } from '../vectors/refresh-refusals.js'
import {
  addApi,
  addClient,
  basic,
  CLIENT_ID,
  GOOD,
  type Parameters,
  postToken,
  SECRET,
  START,
  startServer,
  type TestServer,
} from './fixtures.js'

/** What `error_description` may hold (RFC 6749 §5.2). */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/

interface Row {
  detail: TokenEndpointDetail
  description: string
  client?: Partial<ClientRecord>
  send: (test: TestServer) => PromiseLike<{ status: number; text: string } | undefined>
}

const form = (text: string, authorization?: string) => (test: TestServer) => {
  const sending = request(test.app).post('/oauth/token').type('form')
  if (authorization !== undefined) sending.set({ authorization })
  return sending.send(text)
}
const json = (text: string) => (test: TestServer) => request(test.app).post('/oauth/token').type('json').send(text)
const good =
  (parameters: Parameters = {}) =>
  (test: TestServer) =>
    postToken(test.app, { ...GOOD, ...parameters })
const grants = (...grant_types: ClientRecord['grant_types']): Partial<ClientRecord> => ({ grant_types })
const expired = { ...createSecret(SECRET, START), expires_at: new Date(START) }
const basicSecret = (secret: string, id = CLIENT_ID) => form('grant_type=client_credentials', basic(id, secret))
const PUBLIC: Partial<ClientRecord> = { token_endpoint_auth_method: 'none', secrets: [] }

const rows: Row[] = [
  { detail: 'method', description: 'GET', send: test => request(test.app).get('/oauth/token') },
  {
    detail: 'content_type',
    description: 'a text',
    send: test => request(test.app).post('/oauth/token').type('text').send('x'),
  },
  { detail: 'body_too_large', description: '64 KB and more', send: form(`scope=${'a'.repeat(65_536)}`) },
  {
    detail: 'body_encoded',
    description: 'a compressed body',
    send: test => request(test.app).post('/oauth/token').type('form').set('content-encoding', 'gzip').send('x'),
  },
  {
    detail: 'body_consumed',
    description: 'a body that was read before',
    send: ({ server }) => {
      const app = express().use((req, _res, next) => void req.resume().on('end', next), server.router)
      return request(app).post('/oauth/token').type('form').send('a=b&grant_type=client_credentials')
    },
  },
  {
    detail: 'body_incomplete',
    description: 'a raw body that is too short',
    send: ({ server }) => {
      const cut: express.RequestHandler = (req, _res, next) => {
        Object.assign(req, { rawBody: String((req as { rawBody?: unknown }).rawBody).slice(1) })
        next()
      }
      const verify = (req: object, _res: unknown, rawBody: Buffer) => void Object.assign(req, { rawBody })
      const app = express().use(express.urlencoded({ extended: false, verify }), cut, server.router)
      return request(app).post('/oauth/token').type('form').send('grant_type=client_credentials')
    },
  },
  { detail: 'body_aborted', description: 'a body that breaks off', send: sendHalf },
  {
    detail: 'body_not_utf8',
    description: 'bytes that are not UTF-8',
    send: test => {
      const sending = request(test.app).post('/oauth/token').type('form')
      sending.write(Buffer.from([0x61, 0x3d, 0xff]))
      return sending
    },
  },
  { detail: 'body_percent_encoding', description: 'a broken escape', send: form('scope=%zz') },
  { detail: 'body_not_json', description: 'no JSON', send: json('{') },
  { detail: 'body_not_an_object', description: 'a list', send: json('[]') },
  { detail: 'misspelt_parameter', description: 'brackets', send: form('scope[0]=a') },
  { detail: 'misspelt_parameter', description: 'another case', send: form('Scope=a') },
  { detail: 'parameter_not_text', description: 'a number', send: json('{"scope":1}') },
  { detail: 'repeated_parameter', description: 'a parameter twice', send: form('scope=a&scope=b') },
  { detail: 'repeated_parameter', description: 'a member twice', send: json('{"scope":"a","scope":"b"}') },
  {
    detail: 'several_client_authentications',
    description: 'Basic beside a secret',
    send: form(`client_secret=${SECRET}`, basic(CLIENT_ID, SECRET)),
  },
  {
    detail: 'two_client_ids',
    description: 'Basic beside another id',
    send: form('client_id=x', basic(CLIENT_ID, SECRET)),
  },
  { detail: 'no_client_authentication', description: 'nothing', send: form('grant_type=client_credentials') },
  { detail: 'no_client_authentication', description: 'an assertion', send: form('client_assertion=x') },
  { detail: 'not_basic', description: 'a bearer token', send: form('', 'Bearer abc') },
  { detail: 'basic_unreadable', description: 'no base64', send: form('', 'Basic ###') },
  { detail: 'unknown_client', description: 'Basic', send: basicSecret(SECRET, 'cli_nobody') },
  { detail: 'unknown_client', description: 'the body', send: good({ client_id: 'cli_nobody' }) },
  {
    detail: 'unknown_client',
    description: 'a client of another account',
    client: { account: 'other' },
    send: good(),
  },
  { detail: 'missing_secret', description: 'Basic', send: basicSecret('') },
  { detail: 'missing_secret', description: 'the body', send: good({ client_secret: '' }) },
  { detail: 'wrong_secret', description: 'Basic', send: basicSecret('wrong') },
  { detail: 'wrong_secret', description: 'the body', send: good({ client_secret: 'wrong' }) },
  { detail: 'wrong_secret', description: 'a client without secrets', client: { secrets: [] }, send: good() },
  { detail: 'wrong_secret', description: 'a public client that has none', client: PUBLIC, send: good() },
  { detail: 'wrong_secret', description: 'a public client in Basic', client: PUBLIC, send: basicSecret('') },
  { detail: 'expired_secret', description: 'Basic', client: { secrets: [expired] }, send: basicSecret(SECRET) },
  { detail: 'expired_secret', description: 'the body', client: { secrets: [expired] }, send: good() },
  {
    detail: 'expired_secret',
    description: 'beside a good one',
    client: { secrets: [expired, createSecret('good', START)] },
    send: good(),
  },
  {
    detail: 'too_many_failures',
    description: 'the 21st wrong secret',
    async send({ app }) {
      for (let i = 0; i < 20; i++) await postToken(app, { ...GOOD, client_secret: 'wrong' }).expect(401)
      return postToken(app, { ...GOOD, client_secret: 'wrong' }).expect(429)
    },
  },
  { detail: 'no_grant_type', description: 'none', send: good({ grant_type: '' }) },
  { detail: 'unknown_grant_type', description: 'password', send: good({ grant_type: 'password' }) },
  {
    detail: 'grant_type_not_registered',
    description: 'a client that has another',
    client: grants('refresh_token'),
    send: good(),
  },
  { detail: 'public_client', description: 'for itself', client: PUBLIC, send: good({ client_secret: '' }) },
  {
    detail: 'no_code',
    description: 'no code',
    client: grants('authorization_code'),
    send: good({ grant_type: 'authorization_code' }),
  },
  {
    detail: 'unknown_code',
    description: 'a code',
    client: grants('authorization_code'),
    send: good({ grant_type: 'authorization_code', code: 'x' }),
  },
  {
    detail: 'no_refresh_token',
    description: 'no refresh token',
    client: grants('refresh_token'),
    send: good({ grant_type: 'refresh_token' }),
  },
  {
    detail: 'unknown_refresh_token',
    description: 'a refresh token',
    client: grants('refresh_token'),
    send: good({ grant_type: 'refresh_token', refresh_token: 'x' }),
  },
  { detail: 'no_audience', description: 'none', send: good({ audience: '' }) },
  { detail: 'audience_and_resource', description: 'two', send: good({ resource: 'https://other.example' }) },
  { detail: 'outside_api_grants', description: 'no grants', client: { api_grants: [] }, send: good() },
  { detail: 'unknown_api', description: 'another', send: good({ audience: 'https://other.example' }) },
  { detail: 'scope_grammar', description: 'two blanks', send: good({ scope: 'a  b' }) },
  {
    detail: 'empty_api_grant',
    description: 'a grant of nothing',
    client: { api_grants: [{ audience: GOOD['audience'] ?? '', scope: [] }] },
    send: good(),
  },
  { detail: 'no_scope_left', description: 'another scope', send: good({ scope: 'delete:users' }) },
]

/** Half a body, and then nothing: nobody is left who could be answered. */
async function sendHalf({ app, events }: TestServer): Promise<undefined> {
  const running = await listen(() => app)
  const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
  await once(socket, 'connect')
  const head = ['POST /oauth/token HTTP/1.1', 'Host: x', 'Content-Type: application/json', 'Content-Length: 9', '', '{']
  await new Promise(resolve => socket.write(head.join('\r\n'), resolve))
  socket.end()
  while (!events.some(event => (event as { type?: unknown }).type === 'token.refused')) {
    await new Promise(resolve => setImmediate(resolve))
  }
  await running.stop()
  return undefined
}

describe('the detail of a refusal of the token endpoint', () => {
  const answers = new Map<TokenEndpointDetail, string>()

  for (const { detail, description, client, send } of rows) {
    it(`is ${detail} for ${description}, in an event and not in the answer`, async () => {
      const test = await startServer()
      await addApi(test)
      await addClient(test, client)
      const answer = await send(test)
      expect(test.events.at(-1)).to.include({ type: 'token.refused', account: 'default', detail })
      if (answer === undefined) return
      expect(answer.text).not.to.include(detail)
      expect(JSON.parse(answer.text)).to.have.all.keys('error', 'error_description')
      expect(JSON.parse(answer.text).error_description).to.match(DESCRIPTION)
      if (answer.status === 401) answers.set(detail, answer.text)
    })
  }

  it('is tried out, one and all', () => {
    // Those that take several requests, or time, stand in the tests of the two grants, of limits, and of bodies.
    const elsewhere = ['used_code', 'grant_ended', 'reused_refresh_token', 'too_many_requests', 'body_late']
    const tried = [...rows, ...CODE_REFUSALS, ...REFRESH_REFUSALS].map(({ detail }) => detail)
    expect([...tried, ...elsewhere]).to.include.members([...TOKEN_ENDPOINT_DETAILS])
  })

  it('tells the client nothing of why its authentication failed', () => {
    for (const detail of ['unknown_client', 'missing_secret', 'wrong_secret', 'expired_secret'] as const) {
      expect(answers.get(detail), detail).to.equal(answers.get('no_client_authentication'))
    }
  })
})
