import { expect } from 'chai'
import * as client from 'openid-client'
import { Command } from '../support/command.js'
import { API, Tour } from '../support/tour.js'
import { UserAgent } from '../support/user-agent.js'

const CALLBACK = 'https://app.example.com/callback'
const MANAGEMENT = { clientId: 'management', clientSecret: 'a-secret-that-must-not-be-in-any-line-of-the-log' }

describe('scopegate serve', () => {
  let command: Command
  let url: string
  let tour: Tour
  let own: { id: string; secret: string }
  /** Everything that must be in no line, by what it is. */
  const secrets = new Map<string, string>()
  const keep = (name: string, value: string | undefined): string => {
    expect(value, name).to.be.a('string').and.have.length.above(20)
    secrets.set(name, value ?? '')
    return value ?? ''
  }

  before(async function start() {
    this.timeout(120_000)
    command = new Command({
      ...{ PORT: '0', DATA_DIR: ':memory:', DEMO_USERS: 'ada,grace', REVOKE_ACCESS_TOKENS: '1', REFRESH_GRACE: '0' },
      ...{ MANAGEMENT_CLIENT_ID: MANAGEMENT.clientId, MANAGEMENT_CLIENT_SECRET: MANAGEMENT.clientSecret },
    })
    url = (await command.address()).replace('127.0.0.1', 'localhost')
    tour = new Tour(url)
    keep('the management secret', MANAGEMENT.clientSecret)
    keep('the management token', await tour.logIn({ account: 'default', issuer: url, ...MANAGEMENT }))
    await tour.call('POST', '/apis', API)
    const registration = { name: 'Web', application_type: 'web', callbacks: [CALLBACK] }
    const created = (await (await tour.call('POST', '/clients', registration)).json()) as Record<string, string>
    own = { id: created['client_id'] ?? '', secret: keep("the client's secret", created['client_secret']) }
  })
  after(() => command.stop())

  it('logs no code, verifier, token, session or secret, whatever succeeds and whatever is refused', async function flow() {
    this.timeout(120_000)
    const execute = [client.allowInsecureRequests]
    const config = await client.discovery(new URL(url), own.id, own.secret, undefined, { execute })
    const verifier = keep('the verifier', client.randomPKCECodeVerifier())
    const [state, nonce] = [keep('the state', client.randomState()), keep('the nonce', client.randomNonce())]
    const agent = new UserAgent(CALLBACK)
    const target = client.buildAuthorizationUrl(config, {
      ...{ redirect_uri: CALLBACK, scope: 'openid offline_access read:users', audience: API.identifier, state, nonce },
      ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
    })
    const consent = await agent.submit(await agent.open(target), ['user', 'ada'])
    for (const [name, { value }] of agent.cookies) keep(`the cookie ${name}`, value)
    const callback = new URL((await agent.submit(consent, ['decision', 'allow'])).url)
    const code = keep('the code', callback.searchParams.get('code') ?? undefined)
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
    const tokens = await client.authorizationCodeGrant(config, callback, checks)
    keep('the access token', tokens.access_token)
    keep('the ID token', tokens.id_token)
    const first = keep('the refresh token', tokens.refresh_token)
    const refreshed = await client.refreshTokenGrant(config, first)
    keep('the second refresh token', refreshed.refresh_token)
    await client.tokenIntrospection(config, refreshed.access_token)
    await client.tokenRevocation(config, refreshed.access_token)

    // What is refused, and told to the events.
    const send = (parameters: Record<string, string>) => tour.token(own, parameters).then(answer => answer.status)
    const again = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier }
    expect(await send(again)).to.equal(400)
    expect(await send({ grant_type: 'refresh_token', refresh_token: first })).to.equal(400)
    const wrong = keep('a wrong secret', 'a-wrong-secret-that-somebody-mistyped')
    expect((await tour.token({ id: own.id, secret: wrong })).status).to.equal(401)
    const headers = { authorization: `Bearer ${tokens.id_token}` }
    expect((await fetch(`${url}/userinfo`, { headers })).status).to.equal(401)
    expect((await fetch(`${url}/apis`, { headers })).status).to.equal(401)
    expect((await agent.open(target)).url.startsWith(CALLBACK)).to.equal(true)
    expect((await agent.open(`${url}/authorize?client_id=${own.id}&redirect_uri=x&state=${state}`)).status).to.equal(
      400,
    )

    const { stdout, stderr } = await command.stop()
    const lines = stdout + stderr
    for (const type of ['token.issued', 'token.refused', 'code.reused', 'user.signed_in', 'authorize.allowed']) {
      expect(lines, type).to.include(type)
    }
    const found = [...secrets].filter(([, value]) => lines.includes(value)).map(([name]) => name)
    expect(found).to.deep.equal([])
  })
})
