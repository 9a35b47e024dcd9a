import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { expect } from 'chai'
import request from 'supertest'
import { createSecret } from '../../lib/authorization-server/clients/client-secrets.js'
import type { AuthorizationServerOptions } from '../../lib/authorization-server/index.js'
import type { ClientRecord } from '../../lib/store/records.js'
import { listen } from '../support/running.js'
import {
  AUDIENCE,
  addApi,
  addClient,
  basic,
  CLIENT_ID,
  GOOD,
  ISSUER,
  type Parameters,
  postToken,
  SECRET,
  START,
  startServer,
} from './fixtures.js'

const BODY: Parameters = { grant_type: 'client_credentials', audience: AUDIENCE }
const ODD = 'a+b%20c:ü"\\'
const PUBLIC: Partial<ClientRecord> = {
  token_endpoint_auth_method: 'none',
  secrets: [],
  grant_types: ['refresh_token'],
}
const REFRESH = { grant_type: 'refresh_token', refresh_token: 'x' }

interface Row {
  description: string
  authorization?: string
  parameters?: Parameters
  client?: Partial<ClientRecord>
  status: number
  challenge?: boolean
}

const encoded = encodeURIComponent(ODD)
const odd = { secrets: [createSecret(ODD, START)] }
const expiring = (seconds: number): Partial<ClientRecord> => ({
  secrets: [{ ...createSecret(SECRET, START), expires_at: new Date(START + seconds * 1000) }],
})

const rows: Row[] = [
  { description: 'accepts Basic', authorization: basic(CLIENT_ID, SECRET), status: 200 },
  {
    description: 'accepts Basic in any case',
    authorization: basic(CLIENT_ID, SECRET).replace('Basic', 'bASIC'),
    status: 200,
  },
  {
    description: 'accepts Basic beside the same client_id',
    authorization: basic(CLIENT_ID, SECRET),
    parameters: { client_id: CLIENT_ID },
    status: 200,
  },
  {
    description: 'accepts Basic beside an empty secret',
    authorization: basic(CLIENT_ID, SECRET),
    parameters: { client_secret: '' },
    status: 200,
  },
  {
    description: 'accepts Basic that is form-encoded',
    authorization: basic(encodeURIComponent(CLIENT_ID), encoded),
    client: odd,
    status: 200,
  },
  {
    description: 'accepts Basic that is not form-encoded',
    authorization: basic(CLIENT_ID, 'a+b%zz:c'),
    client: { secrets: [createSecret('a+b%zz:c', START)] },
    status: 200,
  },
  {
    description: 'accepts a raw secret that could be form-encoded',
    authorization: basic(CLIENT_ID, ODD),
    client: odd,
    status: 200,
  },
  { description: 'accepts the body', parameters: { client_id: CLIENT_ID, client_secret: SECRET }, status: 200 },
  {
    description: 'accepts the body for a client of the other method',
    parameters: { client_id: CLIENT_ID, client_secret: SECRET },
    client: { token_endpoint_auth_method: 'client_secret_post' },
    status: 200,
  },
  {
    description: 'accepts the second of two secrets',
    authorization: basic(CLIENT_ID, SECRET),
    client: { secrets: [createSecret('x', START), createSecret(SECRET, START)] },
    status: 200,
  },
  {
    description: 'accepts a secret that expires in a second',
    authorization: basic(CLIENT_ID, SECRET),
    client: expiring(1),
    status: 200,
  },
  {
    description: 'refuses a secret that expires now',
    authorization: basic(CLIENT_ID, SECRET),
    client: expiring(0),
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses an expired secret in the body',
    parameters: { client_id: CLIENT_ID, client_secret: SECRET },
    client: expiring(-1),
    status: 401,
  },
  {
    description: 'refuses an unknown client in Basic',
    authorization: basic('cli_nobody', SECRET),
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses an unknown client in the body',
    parameters: { client_id: 'cli_nobody', client_secret: SECRET },
    status: 401,
  },
  {
    description: 'refuses a wrong secret in Basic',
    authorization: basic(CLIENT_ID, 'wrong'),
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses a wrong secret in the body',
    parameters: { client_id: CLIENT_ID, client_secret: 'wrong' },
    status: 401,
  },
  { description: 'refuses a missing secret', parameters: { client_id: CLIENT_ID }, status: 401 },
  { description: 'refuses an empty secret', authorization: basic(CLIENT_ID, ''), status: 401, challenge: true },
  {
    description: 'refuses the hash as the secret',
    authorization: basic(CLIENT_ID, createSecret(SECRET, 0).hash),
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses a client of another account',
    authorization: basic(CLIENT_ID, SECRET),
    client: { account: 'other' },
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses a confidential client that has no secrets left',
    authorization: basic(CLIENT_ID, ''),
    client: { secrets: [] },
    status: 401,
    challenge: true,
  },
  { description: 'refuses no client at all', status: 401 },
  { description: 'refuses a secret without a client', parameters: { client_secret: SECRET }, status: 401 },
  { description: 'refuses Basic that is not base64', authorization: 'Basic ###', status: 401, challenge: true },
  { description: 'refuses Basic without credentials', authorization: 'Basic', status: 401, challenge: true },
  {
    description: 'refuses Basic without a colon',
    authorization: `Basic ${Buffer.from('nocolon').toString('base64')}`,
    status: 401,
    challenge: true,
  },
  { description: 'refuses Basic without an id', authorization: basic('', SECRET), status: 401, challenge: true },
  {
    description: 'refuses Basic that is not UTF-8',
    authorization: `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`,
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses a NUL in the id',
    authorization: basic(`${CLIENT_ID}\u0000`, SECRET),
    status: 401,
    challenge: true,
  },
  {
    description: 'refuses an id named like a prototype',
    authorization: basic('__proto__', SECRET),
    status: 401,
    challenge: true,
  },
  { description: 'refuses another scheme', authorization: 'Bearer abc', status: 401 },
  {
    description: 'refuses a public client with a secret',
    parameters: { ...REFRESH, client_id: CLIENT_ID, client_secret: 'x' },
    client: PUBLIC,
    status: 401,
  },
  {
    description: 'refuses a public client in Basic',
    authorization: basic(CLIENT_ID, ''),
    parameters: REFRESH,
    client: PUBLIC,
    status: 401,
    challenge: true,
  },
  {
    description: 'takes a public client by its id',
    parameters: { ...REFRESH, client_id: CLIENT_ID },
    client: PUBLIC,
    status: 400,
  },
  { description: 'refuses an assertion', parameters: { client_assertion: 'x', client_id: CLIENT_ID }, status: 401 },
  {
    description: 'refuses Basic beside a secret',
    authorization: basic(CLIENT_ID, SECRET),
    parameters: { client_secret: SECRET },
    status: 400,
  },
  {
    description: 'refuses Basic beside an assertion',
    authorization: basic(CLIENT_ID, SECRET),
    parameters: { client_assertion: 'x' },
    status: 400,
  },
  {
    description: 'refuses a secret beside an assertion',
    parameters: { client_id: CLIENT_ID, client_secret: SECRET, client_assertion: 'x' },
    status: 400,
  },
  {
    description: 'refuses Basic beside another client_id',
    authorization: basic(CLIENT_ID, SECRET),
    parameters: { client_id: 'cli_other' },
    status: 400,
  },
]

describe('client authentication', () => {
  for (const { description, authorization, parameters, client, status, challenge = false } of rows) {
    it(description, async () => {
      const test = await startServer()
      await addApi(test)
      await addClient(test, client)
      const sending = postToken(test.app, { ...BODY, ...parameters })
      if (authorization !== undefined) sending.set('authorization', authorization)
      const response = await sending
      expect(response.status).to.equal(status)
      expect(response.headers['www-authenticate']).to.equal(
        challenge ? `Basic realm="${ISSUER}", charset="UTF-8"` : undefined,
      )
      if (status === 401) {
        const error_description = 'Client authentication failed.'
        expect(response.body).to.deep.equal({ error: 'invalid_client', error_description })
      }
    })
  }

  it('refuses a second Authorization header', async () => {
    const test = await startServer()
    await addClient(test)
    const sending = request(test.app).post('/oauth/token').type('form')
    const response = await sending
      .set({ authorization: [basic(CLIENT_ID, SECRET), basic('x', 'y')] as unknown as string })
      .send(BODY)
    expect(response.status).to.equal(400)
    expect(response.body.error).to.equal('invalid_request')
  })

  it('notes a use once a minute, beside the answer', async () => {
    const test = await startServer()
    await addApi(test)
    const client = await addClient(test)
    const id = client.secrets[0]?.id ?? ''
    const lastUse = async (): Promise<number | undefined> => {
      const use = await test.server.context.records.secretUses.get('default', id)
      return use?.last_used_at.getTime()
    }
    for (const [step, noted] of [
      [0, START],
      [59_999, START],
      [1, START + 60_000],
    ] as const) {
      test.clock.time += step
      await postToken(test.app, GOOD).expect(200)
      await test.server.close()
      expect(await lastUse()).to.equal(noted)
    }
  })

  it('answers where the use cannot be noted', async () => {
    const test = await startServer()
    await addApi(test)
    await addClient(test)
    const cause = new Error('no')
    test.server.context.records.secretUses.get = () => Promise.reject(cause)
    await postToken(test.app, GOOD).expect(200)
    await test.server.close()
    const type = 'secret_use.not_recorded'
    expect(test.events).to.deep.include({ type, account: 'default', clientId: CLIENT_ID, cause })
  })
})

describe('the limit on failed client authentications', () => {
  const rateLimits = { clientAuthentication: { address: { limit: 4, window: 60 }, client: { limit: 2, window: 60 } } }
  const wrong = { ...GOOD, client_secret: 'x' }

  async function start(options: Partial<AuthorizationServerOptions> = { rateLimits }) {
    const test = await startServer(options)
    await addApi(test)
    await addClient(test)
    return test
  }

  it('answers wrong secrets of one client with 429 and Retry-After once its window is used up, until it ends', async () => {
    const test = await start()
    await postToken(test.app, wrong).expect(401)
    test.clock.time += 1_000
    await postToken(test.app, wrong).expect(401)
    const { body, headers } = await postToken(test.app, wrong).expect(429)
    expect(body.error).to.equal('temporarily_unavailable')
    expect(headers).to.include({ 'retry-after': '59', 'cache-control': 'no-store' })
    test.clock.time += 58_999
    await postToken(test.app, wrong).expect(429)
    test.clock.time += 1
    await postToken(test.app, wrong).expect(401)
  })

  it('never refuses a right secret, of the client that is guessed at or of another one', async () => {
    const test = await start()
    await addClient(test, { id: 'cli_other' })
    for (const status of [401, 401, 429, 429]) await postToken(test.app, wrong).expect(status)
    await postToken(test.app, GOOD).expect(200)
    await postToken(test.app, { ...GOOD, client_id: 'cli_other' }).expect(200)
    await postToken(test.app, wrong).expect(429)
  })

  it('counts all failures of an address, whatever clients they name', async () => {
    const test = await start()
    const statuses = []
    for (let i = 0; i < 6; i++) statuses.push((await postToken(test.app, { ...wrong, client_id: `cli_${i}` })).status)
    expect(statuses).to.deep.equal([401, 401, 401, 401, 429, 429])
    await postToken(test.app, GOOD).expect(200)
  })

  it('counts by address, which X-Forwarded-For does not change', async () => {
    const test = await start()
    for (const [i, status] of [401, 401, 429].entries()) {
      await postToken(test.app, wrong).set('x-forwarded-for', `203.0.113.${i}`).expect(status)
    }
  })

  it('holds for requests that all began before the first one failed', async () => {
    const test = await start()
    const running = await listen(() => test.app)
    const body = new URLSearchParams(wrong).toString()
    const late = await Promise.all(Array.from({ length: 12 }, () => beginRequest(running.url, body.length)))
    const statuses = await Promise.all(late.map(finish => finish(body)))
    await running.stop()
    expect(statuses.filter(status => status === 401)).to.have.length(2)
    expect(statuses.filter(status => status === 429)).to.have.length(10)
  })

  const jumps = [
    { description: 'set back by an hour', ms: [-3_600_000] },
    { description: 'a day ahead, and corrected', ms: [86_400_000, -86_400_000] },
  ]
  for (const { description, ms } of jumps) {
    it(`ends when its window has passed, though the clock was ${description}`, async () => {
      const test = await start()
      for (const jump of ms) {
        test.clock.time += jump
        for (const status of [401, 401, 429]) {
          const answer = await postToken(test.app, wrong)
          if (jump > 0 || ms.length === 1) expect(answer.status).to.equal(status)
        }
      }
      test.clock.time += 60_000
      await postToken(test.app, wrong).expect(401)
    })
  }

  const off = [
    false,
    { clientAuthentication: false },
    { clientAuthentication: { address: false, client: false } },
  ] as const
  for (const limits of off) {
    it(`is switched off by ${JSON.stringify(limits)}`, async () => {
      const test = await start({ rateLimits: limits })
      for (let i = 0; i < 120; i++) await postToken(test.app, wrong).expect(401)
    })
  }
})

/** Sends the headers of a token request. @returns sends the body, and gives the status */
async function beginRequest(url: string, length: number): Promise<(body: string) => Promise<number>> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': length,
    expect: '100-continue',
  }
  const sent = httpRequest(`${url}/oauth/token`, { method: 'POST', headers })
  sent.flushHeaders()
  // The server asks for the body: it has read the headers, and its handler runs.
  await once(sent, 'continue')
  return async body => {
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>
    sent.end(body)
    const [response] = await answered
    response.resume()
    return response.statusCode ?? 0
  }
}
