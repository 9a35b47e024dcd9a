import { expect } from 'chai'
import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { demoUsers, oidcUsers, type ReadyMadeUsers } from '../../lib/users/index.js'
import { PROVIDER_CLIENT, startProvider, type TestProvider } from '../support/oidc-provider.js'
import { listen, type Running } from '../support/running.js'
import { seedKeys } from '../support/seeded-keys.js'
import { describeStores } from '../support/stores.js'
import { UserAgent, type View } from '../support/user-agent.js'
import { addApi, addClient, AUDIENCE, CLIENT_ID, type Parameters, type TestServer } from './fixtures.js'
import { CHALLENGE, exchangeOf, REDIRECT, refreshOf } from './user-fixtures.js'

describeStores('two servers that are asked in turn', engine => {
  let provider: TestProvider
  let running: Running
  let servers: AuthorizationServer[]
  /** Who has answered what: `0 /login`. */
  let answered: string[]

  before(async () => {
    provider = await startProvider(Date.now)
  })
  after(() => provider.stop())
  afterEach(async () => {
    await running.stop()
    for (const server of servers) await server.close()
  })

  /** A load balancer, each of whose requests goes to the other server than the one before. */
  async function start(createUsers: () => ReadyMadeUsers): Promise<void> {
    const store = await seedKeys(await engine.open())
    servers = []
    answered = []
    running = await listen(async issuer => {
      const apps: express.Express[] = []
      for (const { router, users } of [createUsers(), createUsers()]) {
        const server = await authorizationServer({ issuer, store, users })
        servers.push(server)
        apps.push(express().use(router).use(server.router))
      }
      let turn = 0
      return (req, res) => {
        const at = turn++ % apps.length
        answered.push(`${at} ${req.url?.split('?', 1)[0]}`)
        apps[at]?.(req, res)
      }
    })
    const test = { server: servers[0] } as TestServer
    await addApi(test, { allow_offline_access: true })
    await addClient(test, {
      ...{ token_endpoint_auth_method: 'none', secrets: [], application_type: 'spa', callbacks: [REDIRECT] },
      grant_types: ['authorization_code', 'refresh_token'],
    })
  }

  const authorizeUrl = (): string => {
    const challenge = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
    const scope = 'read:users offline_access'
    const asked = { response_type: 'code', client_id: CLIENT_ID, redirect_uri: REDIRECT, audience: AUDIENCE, scope }
    return `${running.url}/authorize?${new URLSearchParams({ ...asked, ...challenge })}`
  }

  async function post(parameters: Parameters): Promise<Record<string, string>> {
    const answer = await fetch(`${running.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(parameters) })
    const body = (await answer.json()) as Record<string, string>
    expect(answer.status, JSON.stringify(body)).to.equal(200)
    return body
  }

  const click = async (agent: UserAgent, page: View): Promise<View> => agent.submit(page, ['user', 'ada'])
  const methods: [name: string, create: () => ReadyMadeUsers, signIn: typeof click][] = [
    ['demoUsers', () => demoUsers(['ada']), click],
    ['oidcUsers', () => oidcUsers({ issuer: provider.issuer, ...PROVIDER_CLIENT }), async (_agent, page) => page],
  ]

  for (const [name, create, signIn] of methods) {
    it(`carry a user from the request to the sign-out, with ${name}`, async () => {
      await start(create)
      const agent = new UserAgent(REDIRECT)
      const consent = await signIn(agent, await agent.open(authorizeUrl()))
      expect(consent.url, consent.text).to.match(/\/authorize\/req_/)
      const { url } = await agent.submit(consent, ['decision', 'allow'])
      const { refresh_token = '' } = await post(exchangeOf(new URL(url).searchParams.get('code') ?? ''))
      const next = await post(refreshOf(refresh_token))
      expect((await post(refreshOf(next['refresh_token'] ?? '')))['scope']).to.equal('read:users offline_access')

      // Still signed in, and nothing to ask.
      expect((await agent.open(authorizeUrl())).url).to.include(`${REDIRECT}?code=`)
      await agent.submit(await agent.open(`${running.url}/logout`))
      expect((await agent.open(`${authorizeUrl()}&prompt=none`)).url).to.include('error=login_required')

      for (const server of [0, 1])
        expect(answered.filter(line => line.startsWith(String(server)))).to.have.length.above(4)
    })
  }
})
