import type { RequestListener } from 'node:http'
import { expect } from 'chai'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { createApp } from '../../examples/company-login.js'
import type { AuthorizationServer } from '../../lib/authorization-server/index.js'
import { quietly } from '../support/quietly.js'
import { listen, type Running } from '../support/running.js'
import { API, Tour } from '../support/tour.js'
import { UserAgent, type View } from '../support/user-agent.js'

const CALLBACK = 'https://app.example.com/callback'
const PROVIDER_CLIENT = { clientId: 'scopegate', clientSecret: 'a-secret-at-the-provider-of-32-chars' }

describe('examples/company-login, with oidc-provider', () => {
  let provider: Running
  let running: Running
  let server: AuthorizationServer
  let own: { id: string; secret: string }

  before(async function start() {
    this.timeout(120_000)
    // The two tell each other's addresses: the provider's is needed first, the other's by its registered callback.
    let callback = ''
    running = await listen(async url => {
      callback = `${url}/login/callback`
      provider = await listen(issuer => createProvider(issuer, callback))
      const created = await createApp(url, { issuer: provider.url, ...PROVIDER_CLIENT })
      server = created.server
      return created.app
    })
    const tour = new Tour(running.url, `${running.url}/admin`)
    const [management] = server.takeManagementClients()
    if (management === undefined) throw new Error('no management client')
    await tour.logIn(management)
    await tour.call('POST', '/apis', API)
    const registration = { name: 'Web', application_type: 'web', callbacks: [CALLBACK], logout_urls: [CALLBACK] }
    const created = (await (await tour.call('POST', '/clients', registration)).json()) as Record<string, string>
    own = { id: created['client_id'] ?? '', secret: created['client_secret'] ?? '' }
  })
  after(async () => {
    await running?.stop()
    await provider?.stop()
    await server?.close()
  })

  /** The provider's own pages: its log-in takes any name, its consent page has a form with one button. */
  async function signIn(agent: UserAgent, page: View, name: string): Promise<View> {
    let view = page
    for (let step = 0; step < 5 && view.url.startsWith(provider.url); step++) {
      view = await agent.submit(view, undefined, form => {
        if (view.text.includes('name="login"')) form.fields.push(['login', name], ['password', 'any'])
      })
    }
    return view
  }

  for (const [user, scope] of [
    ['ada', 'read:users write:users openid'],
    ['grace', 'read:users openid'],
  ] as const) {
    it(`${user} signs in there and gets what ${user} may have here`, async () => {
      const execute = [client.allowInsecureRequests]
      const config = await client.discovery(new URL(running.url), own.id, own.secret, undefined, { execute })
      const verifier = client.randomPKCECodeVerifier()
      const url = client.buildAuthorizationUrl(config, {
        ...{ redirect_uri: CALLBACK, scope: 'openid read:users write:users', audience: API.identifier, state: 's' },
        ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
      })
      const agent = new UserAgent(CALLBACK)
      const consent = await signIn(agent, await agent.open(url), user)
      expect(consent.url, consent.text).to.match(/\/authorize\//)
      const callback = new URL((await agent.submit(consent, ['decision', 'allow'])).url)
      const checks = { pkceCodeVerifier: verifier, expectedState: 's', idTokenExpected: true }
      const tokens = await client.authorizationCodeGrant(config, callback, checks)
      expect(tokens.scope).to.equal(scope)
      expect(decodeJwt(tokens.access_token)).to.include({ iss: running.url, sub: user, aud: API.identifier })
      expect(tokens.claims()).to.include({ iss: running.url, sub: user })

      // The provider's cookies begin with an underscore.
      const before = [...agent.cookies].filter(([name]) => !name.startsWith('_'))
      const end = client.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token ?? '',
        post_logout_redirect_uri: CALLBACK,
        state: 'bye',
      })
      expect((await agent.open(end)).url).to.equal(`${CALLBACK}?state=bye`)
      const thief = new UserAgent(CALLBACK)
      for (const [name, cookie] of before) thief.cookies.set(name, cookie)
      expect((await thief.open(url)).url.startsWith(provider.url)).to.equal(true)
    })
  }
})

async function createProvider(issuer: string, callback: string): Promise<RequestListener> {
  const { default: Provider } = await quietly(() => import('oidc-provider'))
  const { clientId: client_id, clientSecret: client_secret } = PROVIDER_CLIENT
  const provider = await quietly(
    () =>
      new Provider(issuer, {
        clients: [{ client_id, client_secret, redirect_uris: [callback] }],
        cookies: { keys: ['not a secret, in a test'] },
        claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
        findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id, name: id }) }),
      }),
  )
  const listener = provider.callback()
  return (req, res) => void quietly(() => listener(req, res))
}
