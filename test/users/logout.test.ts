import { expect } from 'chai'
import { demoUsers } from '../../lib/users/index.js'
import { addApi, addClient, type TestServer } from '../authorization-server/fixtures.js'
import { signJws } from '../../lib/testing/sign.js'
import { createRsaPair } from '../../lib/testing/rsa-keys.js'
import type { UserAgent, View } from '../support/user-agent.js'
import { cookiesOf, loginUrl, sessionOf, startHost, type UsersHost } from './fixtures.js'

const CLIENT = 'cli_app'
const GOODBYE = 'https://app.example/goodbye'
const WITH_QUERY = 'https://app.example/bye?a=1'

describe('logout', () => {
  const pair = demoUsers(['ada', 'grace'])
  let host: UsersHost

  before(async () => {
    host = await startHost(pair)
    const server = { server: host.server } as TestServer
    await addClient(server, {
      id: CLIENT,
      name: 'The <App>',
      logout_urls: [GOODBYE, WITH_QUERY, 'com.example.app:/bye'],
    })
    await addClient(server, { id: 'cli_other', name: 'Other', logout_urls: ['https://other.example/'] })
    await addApi(server)
  })
  after(() => host.stop())

  /** A browser in which somebody is signed in, which stops before it leaves the host. */
  async function signedIn(user = 'ada'): Promise<UserAgent> {
    const browser = host.browser()
    await browser.submit(await browser.open(loginUrl(host)), ['user', user])
    return browser
  }

  const isIn = async (browser: UserAgent): Promise<boolean> => (await host.whoIs(browser)) !== undefined

  const logoutUrl = (parameters: Record<string, string> = {}): string =>
    `${host.url}/logout?${new URLSearchParams(parameters)}`

  /** Opens without following: where to is what counts. */
  async function openOnce(browser: UserAgent, url: string, init: RequestInit = {}): Promise<View> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; '))
    const answer = await fetch(url, { ...init, redirect: 'manual', headers })
    for (const line of answer.headers.getSetCookie()) {
      if (line.includes('Max-Age=0')) browser.cookies.delete(line.split('=')[0] ?? '')
    }
    return { url, status: answer.status, text: await answer.text(), headers: answer.headers }
  }

  const locationOf = ({ headers }: View): string | null => headers.get('location')

  async function idToken(claims: Record<string, unknown> = {}, typ: 'JWT' | 'at+jwt' = 'JWT'): Promise<string> {
    const now = Math.floor(host.clock.now() / 1000)
    const base = { iss: host.url, sub: 'ada', aud: CLIENT, azp: CLIENT, iat: now, exp: now + 3600 }
    return host.sign({ ...base, ...claims }, typ)
  }

  it('asks, and signs out on the button', async () => {
    const browser = await signedIn()
    const page = await browser.open(logoutUrl())
    expect(page.text).to.include('You are signed in as <bdi>ada</bdi>.')
    expect(await isIn(browser)).to.equal(true)
    const value = sessionOf(browser)
    const done = await browser.submit(page)
    expect(done.status).to.equal(200)
    expect(cookiesOf(done)).to.deep.equal(['scopegate.session.default=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0'])
    browser.cookies.set('scopegate.session.default', { value: value ?? '', path: '/' })
    expect(await isIn(browser)).to.equal(false)
    expect(host.events).to.deep.include({ type: 'user.signed_out', account: 'default', source: 'demo' })
  })

  it('says so where nobody is signed in', async () => {
    const { status, text } = await host.browser().open(logoutUrl())
    expect(status).to.equal(200)
    expect(text).to.include('not signed in').and.not.to.include('<form')
  })

  const forms: {
    description: string
    body: Record<string, string>
    headers?: Record<string, string>
    status: number
  }[] = [
    { description: 'without its value', body: {}, status: 303 },
    { description: 'with an empty value', body: { anti_forgery: '' }, status: 303 },
    { description: 'with a value that somebody made up', body: { anti_forgery: 'A'.repeat(43) }, status: 400 },
    { description: 'with the value of another session', body: { anti_forgery: 'OTHER' }, status: 400 },
    {
      description: 'with its value, from another site',
      body: { anti_forgery: 'OWN' },
      headers: { 'sec-fetch-site': 'cross-site' },
      status: 400,
    },
    {
      description: 'with its value, from another origin',
      body: { anti_forgery: 'OWN' },
      headers: { origin: 'https://evil.example' },
      status: 400,
    },
  ]
  for (const { description, body, headers = {}, status } of forms) {
    it(`signs nobody out by a form ${description}`, async () => {
      const [browser, other] = [await signedIn(), await signedIn()]
      const hiddenOf = async (agent: UserAgent): Promise<string> =>
        /name="anti_forgery" value="([\w-]+)"/.exec((await agent.open(logoutUrl())).text)?.[1] ?? ''
      const values: Record<string, string> = { OWN: await hiddenOf(browser), OTHER: await hiddenOf(other) }
      const filled = Object.entries(body).map(([name, value]) => [name, values[value] ?? value] as [string, string])
      const answer = await openOnce(browser, logoutUrl(), {
        method: 'POST',
        body: new URLSearchParams(filled),
        headers,
      })
      expect(answer.status).to.equal(status)
      if (status === 303) expect(locationOf(answer)).to.equal(`${host.url}/logout`)
      expect(await isIn(browser)).to.equal(true)
    })
  }

  it('refuses another method, and a body that is too large', async () => {
    const browser = await signedIn()
    expect(await openOnce(browser, logoutUrl(), { method: 'DELETE' })).to.have.property('status', 405)
    const body = new URLSearchParams({ anti_forgery: 'x'.repeat(70_000) })
    expect(await openOnce(browser, logoutUrl(), { method: 'POST', body })).to.have.property('status', 413)
    expect(await isIn(browser)).to.equal(true)
  })

  describe('that a client asks for', () => {
    const good: { description: string; parameters: Record<string, string>; location: string }[] = [
      { description: 'to a registered URL', parameters: { post_logout_redirect_uri: GOODBYE }, location: GOODBYE },
      {
        description: 'with its state, byte for byte',
        parameters: { post_logout_redirect_uri: GOODBYE, state: 'a b&c=d#é' },
        location: `${GOODBYE}?state=a%20b%26c%3Dd%23%C3%A9`,
      },
      {
        description: 'to a URL with parameters of its own',
        parameters: { post_logout_redirect_uri: WITH_QUERY, state: 's' },
        location: `${WITH_QUERY}&state=s`,
      },
      {
        description: 'to a private scheme, with its id',
        parameters: { post_logout_redirect_uri: 'com.example.app:/bye', client_id: CLIENT },
        location: 'com.example.app:/bye',
      },
    ]
    for (const { description, parameters, location } of good) {
      it(`signs out without a question ${description}`, async () => {
        const browser = await signedIn()
        const answer = await openOnce(browser, logoutUrl({ id_token_hint: await idToken(), ...parameters }))
        expect(answer.status).to.equal(303)
        expect(locationOf(answer)).to.equal(location)
        expect(await isIn(browser)).to.equal(false)
      })
    }

    it('believes an ID token that has expired', async () => {
      const browser = await signedIn()
      const id_token_hint = await idToken({ exp: 1_000 })
      const answer = await openOnce(browser, logoutUrl({ id_token_hint, post_logout_redirect_uri: GOODBYE }))
      expect(locationOf(answer)).to.equal(GOODBYE)
    })

    it('sends the browser on where nobody is signed in any more', async () => {
      const id_token_hint = await idToken()
      const answer = await openOnce(host.browser(), logoutUrl({ id_token_hint, post_logout_redirect_uri: GOODBYE }))
      expect(locationOf(answer)).to.equal(GOODBYE)
    })

    it('takes it as a form too, and goes on where the browser sends its cookie', async () => {
      const id_token_hint = await idToken()
      const body = new URLSearchParams({ id_token_hint, post_logout_redirect_uri: GOODBYE, state: 's', other: 'x' })
      const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://app.example' }
      const first = await openOnce(host.browser(), `${host.url}/logout`, { method: 'POST', body, headers })
      expect(first.status).to.equal(303)
      expect(locationOf(first))
        .to.match(new RegExp(`^${host.url}/logout\\?id_token_hint=`))
        .and.not.to.include('other')
      const browser = await signedIn()
      const second = await openOnce(browser, locationOf(first) ?? '')
      expect(locationOf(second)).to.equal(`${GOODBYE}?state=s`)
      expect(await isIn(browser)).to.equal(false)
    })

    const urls = [
      'https://evil.example/',
      `${GOODBYE}/`,
      `${GOODBYE}?`,
      `${GOODBYE}#x`,
      'https://APP.example/goodbye',
      'https://app.example:443/goodbye',
      'https://app.example/goodbye%2F..',
      'http://app.example/goodbye',
      'https://other.example/',
      '//app.example/goodbye',
      'javascript:alert(1)',
      '',
    ]
    for (const post_logout_redirect_uri of urls) {
      it(`never sends the browser to ${JSON.stringify(post_logout_redirect_uri)}`, async () => {
        const browser = await signedIn()
        const parameters = { post_logout_redirect_uri, state: 's' }
        const asked = await openOnce(browser, logoutUrl({ client_id: CLIENT, ...parameters }))
        expect(asked.status).to.equal(200)
        const answer = await openOnce(browser, logoutUrl({ id_token_hint: await idToken(), ...parameters }))
        expect(answer.status).to.equal(200)
        expect(locationOf(answer)).to.equal(null)
        expect(answer.text).not.to.include('evil.example')
      })
    }

    const hints: { description: string; hint: () => Promise<string> | string; more?: Record<string, string> }[] = [
      { description: 'no ID token', hint: () => '' },
      { description: 'an ID token of another user', hint: () => idToken({ sub: 'grace' }) },
      {
        description: 'an ID token of another client',
        hint: () => idToken({ aud: 'cli_other' }),
        more: { client_id: CLIENT },
      },
      { description: 'an ID token of a client that is gone', hint: () => idToken({ aud: 'cli_gone' }) },
      { description: 'an ID token of another issuer', hint: () => idToken({ iss: 'https://evil.example' }) },
      { description: 'an ID token for a list', hint: () => idToken({ aud: [CLIENT] }) },
      { description: 'an ID token without a user', hint: () => idToken({ sub: undefined }) },
      { description: 'an access token', hint: () => idToken({ client_id: CLIENT, scope: 'openid' }, 'at+jwt') },
      { description: 'an access token that is typed JWT', hint: () => idToken({ client_id: CLIENT, scope: '' }) },
      { description: 'an ID token that was changed', hint: async () => (await idToken()).replace(/.{4}$/, 'AAAA') },
      {
        description: 'an ID token of another key',
        hint: async () => {
          const kid = await host.kid()
          const { privateKey } = await createRsaPair()
          return signJws({ alg: 'RS256', typ: 'JWT', kid }, { iss: host.url, sub: 'ada', aud: CLIENT }, privateKey)
        },
      },
      {
        description: 'an ID token without a signature',
        hint: () => {
          const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
          return `${part({ alg: 'none', typ: 'JWT' })}.${part({ iss: host.url, sub: 'ada', aud: CLIENT })}.`
        },
      },
      { description: 'text', hint: () => 'a.b.c' },
    ]
    for (const { description, hint, more = {} } of hints) {
      it(`asks the user who comes with ${description}`, async () => {
        const browser = await signedIn()
        const id_token_hint = await hint()
        const parameters = {
          ...(id_token_hint !== '' && { id_token_hint }),
          post_logout_redirect_uri: GOODBYE,
          ...more,
        }
        const answer = await openOnce(browser, logoutUrl(parameters))
        expect(answer.status).to.equal(200)
        expect(answer.text).to.include('<form')
        expect(await isIn(browser)).to.equal(true)
        const nobody = await openOnce(host.browser(), logoutUrl(parameters))
        // The one hint that is good, and about somebody else: nobody is there to be asked.
        expect(nobody.status).to.equal(description.endsWith('another user') ? 303 : 200)
      })
    }

    it('goes to a registered URL once the user has said yes', async () => {
      const browser = await signedIn()
      const url = logoutUrl({ client_id: CLIENT, post_logout_redirect_uri: GOODBYE, state: 's' })
      const page = await browser.open(url)
      expect(page.text).to.include('<bdi>The &lt;App&gt;</bdi> asks to sign you out.')
      expect(page.headers.get('content-security-policy')).to.include("form-action 'self' https://app.example;")
      const anti_forgery = /name="anti_forgery" value="([\w-]+)"/.exec(page.text)?.[1] ?? ''
      const answer = await openOnce(browser, url, { method: 'POST', body: new URLSearchParams({ anti_forgery }) })
      expect(locationOf(answer)).to.equal(`${GOODBYE}?state=s`)
      expect(await isIn(browser)).to.equal(false)
    })

    it('refuses a repeated parameter', async () => {
      const browser = await signedIn()
      const answer = await openOnce(
        browser,
        `${logoutUrl({ post_logout_redirect_uri: GOODBYE })}&post_logout_redirect_uri=x`,
      )
      expect(answer.status).to.equal(400)
      expect(await isIn(browser)).to.equal(true)
    })
  })
})
