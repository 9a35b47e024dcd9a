import { expect } from 'chai'
import request from 'supertest'
import type { ClientRecord } from '../../../lib/store/records.js'
import { addApi, addClient, AUDIENCE, ISSUER, startServer } from '../fixtures.js'
import {
  addWeb,
  answerOf,
  type AuthorizeTest,
  Browser,
  CALLBACK,
  CHALLENGE,
  eventsOf,
  GOOD,
  locationOf,
  type Params,
  query,
  startFlow,
  WEB,
} from './fixture.js'

interface Row {
  description: string
  /** In place of those of GOOD; undefined: left out. */
  change?: Params
  /** What stands behind them, as it is sent. */
  more?: string
  detail: string
}

describe('/authorize refuses', () => {
  let test: AuthorizeTest
  before(async () => {
    test = await startFlow()
    await addApi(test, { identifier: 'https://other.example.com' })
    await addApi(test, { identifier: 'urn:scopegate:other', permissions: [] })
    const clients: (Partial<ClientRecord> & { id: string })[] = [
      { id: 'two', callbacks: [CALLBACK, 'https://app.example.com/2'] },
      { id: 'none', callbacks: [] },
      { id: 'machine', grant_types: ['client_credentials'] },
      { id: 'bounded', api_grants: [{ audience: AUDIENCE, scope: ['write:users'] }] },
      { id: 'empty', api_grants: [{ audience: AUDIENCE, scope: [] }] },
      { id: 'public', token_endpoint_auth_method: 'none', secrets: [], require_pkce: false },
      { id: 'lax', require_pkce: false },
    ]
    for (const fields of clients) await addWeb(test, fields)
  })
  after(() => test.close())
  beforeEach(() => {
    test.events.length = 0
  })

  const urlOf = ({ change, more = '' }: Pick<Row, 'change' | 'more'>): string =>
    `/authorize?${query({ ...GOOD, ...change })}${more}`

  describe('by a page, and sends nobody anywhere', () => {
    const rows: Row[] = [
      { description: 'no client_id', change: { client_id: undefined }, detail: 'no_client_id' },
      { description: 'an empty client_id', change: { client_id: '' }, detail: 'no_client_id' },
      { description: 'an unknown client', change: { client_id: 'nobody' }, detail: 'unknown_client' },
      {
        description: 'a client_id of 64 KB less a little',
        change: { client_id: 'x'.repeat(8000) },
        detail: 'unknown_client',
      },
      { description: 'client_id twice', more: `&client_id=${WEB}`, detail: 'repeated_parameter' },
      { description: 'client_id and an empty one', more: '&client_id=', detail: 'repeated_parameter' },
      { description: 'client_id twice, once encoded', more: `&%63lient_id=${WEB}`, detail: 'repeated_parameter' },
      {
        description: 'client_id with a broken escape',
        change: { client_id: undefined },
        more: '&client_id=%zz',
        detail: 'no_client_id',
      },
      {
        description: 'redirect_uri twice',
        more: `&redirect_uri=${encodeURIComponent(CALLBACK)}`,
        detail: 'repeated_parameter',
      },
      {
        description: 'an unregistered redirect_uri',
        change: { redirect_uri: 'https://evil.example' },
        detail: 'unregistered_redirect_uri',
      },
      {
        description: 'no redirect_uri, of a client with two',
        change: { client_id: 'two', redirect_uri: undefined },
        detail: 'no_redirect_uri',
      },
      {
        description: 'no redirect_uri, of a client with none',
        change: { client_id: 'none', redirect_uri: undefined },
        detail: 'no_redirect_uri',
      },
      {
        description: 'an empty redirect_uri, of a client with two',
        change: { client_id: 'two', redirect_uri: '' },
        detail: 'no_redirect_uri',
      },
      {
        description: 'nothing at all',
        change: Object.fromEntries(Object.keys(GOOD).map(name => [name, undefined])),
        detail: 'no_client_id',
      },
    ]
    for (const { description, detail, ...row } of rows) {
      it(description, async () => {
        const answer = await request(test.app).get(urlOf(row)).expect(400)
        expect(answer.type).to.equal('text/html')
        expect(answer.headers).not.to.have.any.keys('location', 'set-cookie', 'access-control-allow-origin')
        expect(answer.headers).to.include({
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'x-frame-options': 'DENY',
        })
        expect(answer.text).not.to.match(/href|src=|action=|evil\.example|app\.example/)
        const [event] = eventsOf(test, 'authorize.denied')
        expect(event).to.include({ account: 'default', code: 'invalid_request', detail })
        expect(JSON.stringify(event)).not.to.include('evil.example').and.not.to.include('nobody')
      })
    }
  })

  describe('by a redirect to the client', () => {
    const request_ = { request: 'x.y.z' }
    const rows: (Row & { error: string })[] = [
      ...['scope', 'state', 'audience', 'code_challenge', 'response_type', 'nonce', 'prompt', 'unheard_of'].map(
        name => ({
          description: `${name} twice`,
          more: `&${name}=a&${name}=a`,
          error: 'invalid_request',
          detail: 'repeated_parameter',
        }),
      ),
      {
        description: 'resource twice',
        more: '&resource=a&resource=a',
        error: 'invalid_request',
        detail: 'repeated_parameter',
      },
      {
        description: 'scope with a broken escape',
        change: { scope: undefined },
        more: '&scope=%e',
        error: 'invalid_request',
        detail: 'undecodable',
      },
      {
        description: 'state that is no UTF-8',
        change: { state: undefined },
        more: '&state=%ff',
        error: 'invalid_request',
        detail: 'undecodable',
      },
      { description: 'a name with a broken escape', more: '&%=1', error: 'invalid_request', detail: 'undecodable' },
      {
        description: 'no response_type',
        change: { response_type: undefined },
        error: 'invalid_request',
        detail: 'no_response_type',
      },
      {
        description: 'an empty response_type',
        change: { response_type: '' },
        error: 'invalid_request',
        detail: 'no_response_type',
      },
      {
        description: 'no PKCE',
        change: { code_challenge: undefined, code_challenge_method: undefined },
        error: 'invalid_request',
        detail: 'no_code_challenge',
      },
      {
        description: 'a method without a challenge',
        change: { code_challenge: undefined },
        error: 'invalid_request',
        detail: 'no_code_challenge',
      },
      {
        description: 'a method without a challenge, where PKCE may be left out',
        change: { client_id: 'lax', code_challenge: undefined },
        error: 'invalid_request',
        detail: 'no_code_challenge',
      },
      {
        description: 'no PKCE of a public client, whatever its record says',
        change: { client_id: 'public', code_challenge: undefined, code_challenge_method: undefined },
        error: 'invalid_request',
        detail: 'no_code_challenge',
      },
      {
        description: 'PKCE plain',
        change: { code_challenge_method: 'plain' },
        error: 'invalid_request',
        detail: 'code_challenge_method',
      },
      {
        description: 'PKCE without a method, which is plain',
        change: { code_challenge_method: undefined },
        error: 'invalid_request',
        detail: 'code_challenge_method',
      },
      {
        description: 'PKCE by s256',
        change: { code_challenge_method: 's256' },
        error: 'invalid_request',
        detail: 'code_challenge_method',
      },
      ...[
        CHALLENGE.slice(1),
        `${CHALLENGE}A`,
        `${CHALLENGE.slice(1)}=`,
        `${CHALLENGE.slice(1)}+`,
        `${CHALLENGE.slice(1)} `,
        `${CHALLENGE}\n`,
      ].map(code_challenge => ({
        description: `a challenge like ${JSON.stringify(code_challenge)}`,
        change: { code_challenge },
        error: 'invalid_request',
        detail: 'code_challenge',
      })),
      ...['none login', 'none none login', 'create', 'login  consent', ' login', 'Login', 'none,login'].map(prompt => ({
        description: `prompt=${prompt}`,
        change: { prompt },
        error: 'invalid_request',
        detail: 'prompt',
      })),
      ...['-1', '1.5', '1e3', 'abc', ' 1', '0x10', '+1'].map(max_age => ({
        description: `max_age=${max_age}`,
        change: { max_age },
        error: 'invalid_request',
        detail: 'max_age',
      })),
      ...['fragment', 'form_post', 'query.jwt', 'Query'].map(response_mode => ({
        description: `response_mode=${response_mode}`,
        change: { response_mode },
        error: 'invalid_request',
        detail: 'response_mode',
      })),
      ...['token', 'id_token', 'code id_token', 'code token', 'CODE', 'none'].map(response_type => ({
        description: `response_type=${response_type}`,
        change: { response_type },
        error: 'unsupported_response_type',
        detail: 'response_type',
      })),
      {
        description: 'a client without the grant type',
        change: { client_id: 'machine' },
        error: 'unauthorized_client',
        detail: 'grant_type_not_registered',
      },
      { description: 'a request object', change: request_, error: 'request_not_supported', detail: 'request_object' },
      {
        description: 'a request_uri',
        change: { request_uri: 'https://x' },
        error: 'request_uri_not_supported',
        detail: 'request_object',
      },
      {
        description: 'registration',
        change: { registration: '{}' },
        error: 'registration_not_supported',
        detail: 'request_object',
      },
      {
        description: 'an unknown audience',
        change: { audience: 'https://nothing' },
        error: 'invalid_target',
        detail: 'unknown_api',
      },
      {
        description: 'an audience with a slash more',
        change: { audience: `${AUDIENCE}/` },
        error: 'invalid_target',
        detail: 'unknown_api',
      },
      {
        description: 'an audience outside api_grants',
        change: { client_id: 'bounded', audience: 'https://other.example.com' },
        error: 'invalid_target',
        detail: 'outside_api_grants',
      },
      {
        description: 'the management API',
        change: { audience: 'urn:scopegate:management', scope: 'read:apis' },
        error: 'invalid_target',
        detail: 'outside_api_grants',
      },
      {
        description: 'audience and another resource',
        change: { resource: 'https://other.example.com' },
        error: 'invalid_target',
        detail: 'audience_and_resource',
      },
      {
        description: 'the endpoint of userinfo by its name',
        change: { audience: `${ISSUER}/userinfo`, scope: 'openid' },
        error: 'invalid_target',
        detail: 'unknown_api',
      },
      {
        description: 'no audience, and a scope of an API',
        change: { audience: undefined },
        error: 'invalid_request',
        detail: 'no_audience',
      },
      {
        description: 'no audience, and a scope of an API beside openid',
        change: { audience: undefined, scope: 'openid read:users' },
        error: 'invalid_request',
        detail: 'no_audience',
      },
      {
        description: 'no audience and no scope',
        change: { audience: undefined, scope: undefined },
        error: 'invalid_request',
        detail: 'no_audience',
      },
      {
        description: 'no audience and offline_access alone',
        change: { audience: undefined, scope: 'offline_access' },
        error: 'invalid_request',
        detail: 'no_audience',
      },
      {
        description: 'no audience and a malformed scope',
        change: { audience: undefined, scope: 'openid  profile' },
        error: 'invalid_request',
        detail: 'no_audience',
      },
      ...['read:users  write:users', ' read:users', 'read:users ', 'a"b', 'a\\b', 'é'].map(scope => ({
        description: `the scope ${JSON.stringify(scope)}`,
        change: { scope },
        error: 'invalid_scope',
        detail: 'scope_grammar',
      })),
      {
        description: 'a scope that is none of the API’s',
        change: { scope: 'read:nothing' },
        error: 'invalid_scope',
        detail: 'no_scope_left',
      },
      {
        description: 'the same beside openid',
        change: { scope: 'openid read:nothing' },
        error: 'invalid_scope',
        detail: 'no_scope_left',
      },
      {
        description: 'a scope above the ceiling',
        change: { client_id: 'bounded' },
        error: 'invalid_scope',
        detail: 'no_scope_left',
      },
      {
        description: 'a scope under an empty ceiling',
        change: { client_id: 'empty' },
        error: 'invalid_scope',
        detail: 'empty_api_grant',
      },
      // The order of the checks.
      {
        description: 'a repeat before everything else',
        change: { response_type: 'token', audience: 'x' },
        more: '&nonce=1&nonce=2',
        error: 'invalid_request',
        detail: 'repeated_parameter',
      },
      {
        description: 'PKCE before response_type',
        change: { response_type: 'token', code_challenge: undefined },
        error: 'invalid_request',
        detail: 'no_code_challenge',
      },
      {
        description: 'response_mode before response_type',
        change: { response_type: 'token', response_mode: 'fragment' },
        error: 'invalid_request',
        detail: 'response_mode',
      },
      {
        description: 'response_type before the grant type',
        change: { client_id: 'machine', response_type: 'token' },
        error: 'unsupported_response_type',
        detail: 'response_type',
      },
      {
        description: 'the grant type before a request object',
        change: { client_id: 'machine', ...request_ },
        error: 'unauthorized_client',
        detail: 'grant_type_not_registered',
      },
      {
        description: 'a request object before the audience',
        change: { ...request_, audience: 'x' },
        error: 'request_not_supported',
        detail: 'request_object',
      },
      {
        description: 'the audience before the scope',
        change: { audience: 'x', scope: 'a"b' },
        error: 'invalid_target',
        detail: 'unknown_api',
      },
    ]
    for (const { description, error, detail, ...row } of rows) {
      it(description, async () => {
        const answer = await request(test.app).get(urlOf(row)).redirects(0).expect(303)
        expect(locationOf(answer).startsWith(`${CALLBACK}&error=${error}&`), locationOf(answer)).to.equal(true)
        expect(answer.headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
        expect(answer.headers).not.to.have.property('set-cookie')
        const told = answerOf(answer)
        expect(told).to.have.keys('keep', 'error', 'error_description', 'iss', ...('state' in told ? ['state'] : []))
        expect(told).to.include({ keep: '1', iss: ISSUER })
        const lost = row.more?.includes('state=') === true
        expect(told['state']).to.equal(lost ? undefined : 's1')
        const clientId = row.change?.['client_id'] ?? WEB
        expect(eventsOf(test, 'authorize.denied')).to.deep.equal([
          { type: 'authorize.denied', account: 'default', clientId, code: error, detail, address: '127.0.0.1' },
        ])
      })
    }
  })

  it('an API of another account as one that does not exist', async () => {
    const now = new Date(test.clock.now())
    const [api] = (await test.server.context.records.apis.find('default', { limit: 1 })).records
    await test.server.context.records.apis.insert({
      ...(api as NonNullable<typeof api>),
      ...{
        id: 'api_foreign',
        account: 'elsewhere',
        slug: 'foreign',
        identifier: 'https://foreign.example',
        createdAt: now,
      },
    })
    const answer = await new Browser(test).authorize({ ...GOOD, audience: 'https://foreign.example' })
    expect(answerOf(answer)).to.include({ error: 'invalid_target' })
  })

  it('everything, where no sign-in is configured', async () => {
    const other = await startServer()
    await addClient(other, { id: WEB, callbacks: [CALLBACK], grant_types: ['authorization_code'] })
    for (const path of [urlOf({}), '/authorize', '/authorize/req_1']) {
      const answer = await request(other.app).get(path).redirects(0).expect(400)
      expect(answer.text).to.include('No sign-in is configured')
      expect(answer.headers).not.to.have.property('location')
    }
    expect(eventsOf(other as AuthorizeTest, 'authorize.denied')[0]).to.include({ detail: 'no_sign_in' })
  })

  const methods: { path: string; method: 'put' | 'delete' | 'options' | 'patch' | 'head'; allow: string }[] = [
    ...(['put', 'delete', 'options', 'patch'] as const).map(method => ({
      path: '/authorize',
      method,
      allow: 'GET, HEAD, POST',
    })),
    ...(['put', 'options', 'head'] as const).map(method => ({ path: '/authorize/req_1', method, allow: 'GET, POST' })),
  ]
  for (const { path, method, allow } of methods) {
    it(`${method} ${path}`, async () => {
      const answer = await request(test.app)[method](path).expect(405)
      expect(answer.headers).to.include({ allow, 'content-type': 'text/html; charset=utf-8' })
    })
  }

  const bodies: { description: string; type: string; body: string; status: number; detail: string }[] = [
    { description: 'JSON', type: 'application/json', body: JSON.stringify(GOOD), status: 400, detail: 'content_type' },
    { description: 'no form', type: 'text/plain', body: query(GOOD), status: 400, detail: 'content_type' },
    {
      description: 'more than 64 KB',
      type: 'application/x-www-form-urlencoded',
      body: query({ ...GOOD, state: 'x'.repeat(65_536) }),
      status: 413,
      detail: 'body_too_large',
    },
  ]
  for (const { description, type, body, status, detail } of bodies) {
    it(`a POST of ${description}`, async () => {
      const answer = await request(test.app).post('/authorize').type(type).send(body).expect(status)
      expect(answer.type).to.equal('text/html')
      expect(eventsOf(test, 'authorize.denied')[0]).to.include({ detail })
    })
  }

  it('a query of more than 64 KB, where the host’s server takes it', async () => {
    const handler = test.server.router
    const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const req = Object.assign(Object.create(null), {
        method: 'GET',
        url: `/authorize?state=${'x'.repeat(65_537)}`,
        headers: {},
      })
      const res = {
        headersSent: false,
        statusCode: 0,
        setHeader: () => undefined,
        end(text: string) {
          resolve({ status: this.statusCode, text })
        },
      }
      handler(req, res as never, reject)
    })
    expect(answer.status).to.equal(400)
    expect(answer.text).to.include('too long')
  })
})
