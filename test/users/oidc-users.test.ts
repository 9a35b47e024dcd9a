import { expect } from 'chai'
import { oneWay } from '../../lib/authorization-server/context/one-way.js'
import { oidcUsers, type OidcUsersOptions } from '../../lib/users/index.js'
import { loadOpenidClient } from '../../lib/users/openid-client.js'
import { createProvider, type Provider } from '../../lib/users/provider.js'
import { ProviderFault } from '../../lib/users/provider-fault.js'
import { createKey, renameKey, sharedKey } from '../support/keys.js'
import { PROVIDER_CLIENT, type ProviderManners, startProvider, type TestProvider } from '../support/oidc-provider.js'
import { setClock } from '../support/set-clock.js'
import type { UserAgent, View } from '../support/user-agent.js'
import { loginUrl, sessionOf, startHost, type UsersHost } from './fixtures.js'

describe('oidcUsers', () => {
  const clock = setClock(Date.now())
  let provider: TestProvider
  let host: UsersHost

  before(async () => {
    provider = await startProvider(clock.now)
    host = await startHost(oidcUsers({ issuer: provider.issuer, ...PROVIDER_CLIENT }), { clock })
  })
  after(async () => {
    await host.stop()
    await provider.stop()
  })
  beforeEach(() => {
    host.events.length = 0
  })
  afterEach(() => {
    provider.reset()
  })

  const seconds = (): number => Math.floor(clock.now() / 1000)

  /** Goes as far as the provider's answer, and stops before it. @returns the answer's URL */
  async function visitProvider(browser: UserAgent, returnTo?: string): Promise<URL> {
    const first = await openOnce(browser, loginUrl(host, returnTo))
    const second = await openOnce(browser, first.headers.get('location') ?? '')
    return new URL(second.headers.get('location') ?? '')
  }

  async function openOnce(browser: UserAgent, url: string | URL): Promise<View> {
    const cookie = [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      browser.cookies.set(name, { value, path: '/' })
    }
    return { url: String(url), status: answer.status, text: await answer.text(), headers: answer.headers }
  }

  it('signs in at the provider, with state, nonce, PKCE and the registered callback', async () => {
    const browser = host.browser()
    const returnTo = await host.addRequest()
    const view = await browser.open(loginUrl(host, returnTo))
    expect(view.url).to.equal(returnTo)
    const asked = Object.fromEntries(provider.visits.at(-1) ?? [])
    expect(asked).to.include({
      client_id: PROVIDER_CLIENT.clientId,
      response_type: 'code',
      redirect_uri: `${host.url}/login/callback`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
    })
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked[name], name).to.match(/^[\w-]{22,43}$/)
    for (const name of ['prompt', 'max_age', 'login_hint']) expect(asked).not.to.have.property(name)
    expect(await host.whoIs(browser)).to.deep.equal({
      id: 'ada',
      authTime: seconds(),
      claims: { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true },
    })
    expect(host.events).to.deep.equal([{ type: 'user.signed_in', account: 'default', source: provider.issuer }])
  })

  it('shows a page where the browser was wanted nowhere', async () => {
    const { status, text } = await host.browser().open(loginUrl(host, 'https://evil.example/authorize/req_1'))
    expect(status).to.equal(200)
    expect(text).to.include('You are signed in as <bdi>ada</bdi>.').and.not.to.include('evil')
  })

  it('passes on what the waiting request demands of the sign-in, whatever the URL says', async () => {
    provider.claims = { auth_time: seconds() }
    const request = { prompt: ['login', 'consent'], max_age: 60, login_hint: 'ada@example.com' }
    const returnTo = await host.addRequest(request)
    await host.browser().open(`${loginUrl(host, returnTo)}&login_hint=grace&prompt=none&max_age=9`)
    const asked = Object.fromEntries(provider.visits.at(-1) ?? [])
    expect(asked).to.include({ prompt: 'login', max_age: '60', login_hint: 'ada@example.com' })
  })

  it('passes on a hint where no request waits', async () => {
    await host.browser().open(`${host.url}/login?login_hint=ada%40example.com`)
    expect(provider.visits.at(-1)?.get('login_hint')).to.equal('ada@example.com')
  })

  it('reads the metadata once, however many come', async () => {
    clock.advance(3_600_000)
    provider.paths.length = 0
    await Promise.all(Array.from({ length: 20 }, () => openOnce(host.browser(), loginUrl(host))))
    expect(provider.paths).to.deep.equal(['/.well-known/openid-configuration'])
    clock.advance(3_599_999)
    await openOnce(host.browser(), loginUrl(host))
    expect(provider.paths).to.have.length(1)
    clock.advance(1)
    await openOnce(host.browser(), loginUrl(host))
    expect(provider.paths).to.have.length(2)
  })

  it('authenticates by form where the provider takes that, by Basic otherwise', async () => {
    for (const methods of [['client_secret_basic', 'client_secret_post'], ['client_secret_basic'], undefined]) {
      clock.advance(3_600_000)
      provider.metadata = { token_endpoint_auth_methods_supported: methods }
      const authorizations: (string | undefined)[] = []
      provider.intercept = (path, req) => {
        if (path === '/token') authorizations.push(req.headers.authorization?.split(' ')[0])
        return false
      }
      const browser = host.browser()
      expect(await browser.open(loginUrl(host))).to.have.property('status', 200)
      expect(authorizations).to.deep.equal([methods?.includes('client_secret_post') ? undefined : 'Basic'])
    }
    provider.reset()
    clock.advance(3_600_000)
  })

  describe('keeps', () => {
    const rows: {
      description: string
      claims?: Record<string, unknown>
      userinfo?: Record<string, unknown>
      kept: object
    }[] = [
      {
        description: 'the claims of profile and email, and no others',
        claims: { name: 'Ada', email: 'a@b.c', groups: ['admins'], phone_number: '1', roles: 'x', __proto__: { a: 1 } },
        kept: { name: 'Ada', email: 'a@b.c' },
      },
      {
        description: 'no claim of another type',
        claims: { name: { first: 'Ada' }, email: ['a@b.c'], email_verified: 'true', updated_at: 'now', locale: 'en' },
        userinfo: { sub: 'ada' },
        kept: { locale: 'en' },
      },
      {
        description: 'no claim that is too long',
        claims: { name: 'x'.repeat(2_001), email: 'a@b.c', nickname: 'x'.repeat(2_000) },
        kept: { email: 'a@b.c', nickname: 'x'.repeat(2_000) },
      },
      {
        description: 'what the userinfo endpoint says, and the ID token where both say it',
        claims: { email: 'token@b.c' },
        userinfo: { sub: 'ada', email: 'info@b.c', name: 'Ada' },
        kept: { email: 'token@b.c', name: 'Ada' },
      },
    ]
    for (const { description, claims = {}, userinfo, kept } of rows) {
      it(description, async () => {
        provider.claims = claims
        if (userinfo !== undefined) provider.userinfo = userinfo
        const browser = host.browser()
        await browser.open(loginUrl(host))
        expect(await host.whoIs(browser)).to.have.deep.property('claims', kept)
      })
    }
  })

  describe('says that the user signed in', () => {
    const rows: { description: string; said: () => unknown; at: () => number }[] = [
      { description: 'now, where the provider says nothing', said: () => undefined, at: seconds },
      { description: 'when the provider says', said: () => seconds() - 3_600, at: () => seconds() - 3_600 },
      { description: 'now, where that was just now', said: () => seconds() - 30, at: seconds },
      { description: 'now, where the provider is ahead', said: () => seconds() + 10, at: seconds },
      { description: 'at a whole second', said: () => seconds() - 3_600.5, at: () => seconds() - 3_601 },
    ]
    for (const { description, said, at } of rows) {
      it(description, async () => {
        provider.claims = { auth_time: said() }
        const browser = host.browser()
        await browser.open(loginUrl(host))
        expect(await host.whoIs(browser)).to.have.property('authTime', at())
      })
    }
  })

  describe('refuses', () => {
    const other = createKey('RS256', 'RS256-2')
    type Row = {
      description: string
      status: number
      detail: string
      manners: () => Partial<ProviderManners>
      request?: object
    }
    const response = { status: 502, detail: 'provider_response' }
    const refused = { status: 400, detail: 'provider_refused' }
    const rows: Row[] = [
      {
        ...refused,
        description: 'an error of the provider',
        manners: () => ({ callback: { code: undefined, error: 'access_denied', error_description: '<b>hush' } }),
      },
      { ...refused, description: 'another `iss`', manners: () => ({ callback: { iss: 'https://evil.example' } }) },
      {
        ...refused,
        description: 'no `iss` where the provider promises it',
        manners: () => ({ callback: { iss: undefined } }),
      },
      { ...refused, description: 'no code', manners: () => ({ callback: { code: undefined } }) },
      {
        ...refused,
        description: 'a code that the provider does not know',
        manners: () => ({ callback: { code: 'unknown' } }),
      },
      { ...refused, description: 'an ID token in the URL', manners: () => ({ callback: { id_token: 'a.b.c' } }) },
      { ...response, description: 'another nonce', manners: () => ({ claims: { nonce: 'other' } }) },
      { ...response, description: 'no nonce', manners: () => ({ claims: { nonce: undefined } }) },
      {
        ...response,
        description: 'an ID token of another issuer',
        manners: () => ({ claims: { iss: 'https://evil.example' } }),
      },
      { ...response, description: 'an ID token for another client', manners: () => ({ claims: { aud: 'other' } }) },
      {
        ...response,
        description: 'an ID token for several clients, authorized for another',
        manners: () => ({ claims: { aud: ['scopegate', 'other'], azp: 'other' } }),
      },
      {
        ...response,
        description: 'an ID token for several clients, authorized for none',
        manners: () => ({ claims: { aud: ['scopegate', 'other'] } }),
      },
      {
        ...response,
        description: 'an ID token that has expired',
        manners: () => ({ claims: { exp: seconds() - 31 } }),
      },
      { ...response, description: 'an ID token without an end', manners: () => ({ claims: { exp: undefined } }) },
      {
        ...response,
        description: 'an ID token of another key',
        manners: () => ({ key: renameKey(other, { kid: sharedKey().kid }) }),
      },
      { ...response, description: 'an ID token of a key that is not published', manners: () => ({ key: other }) },
      { ...response, description: 'an ID token without an algorithm', manners: () => ({ header: { alg: 'none' } }) },
      { ...response, description: 'an ID token by a shared secret', manners: () => ({ header: { alg: 'HS256' } }) },
      {
        ...response,
        description: 'no ID token',
        manners: () => ({ intercept: answer('/token', { access_token: 'a', token_type: 'Bearer' }) }),
      },
      {
        ...response,
        description: 'a client that the provider does not know',
        manners: () => ({ intercept: answer('/token', { error: 'invalid_client' }, 401) }),
      },
      {
        ...response,
        description: 'an answer that is not JSON',
        manners: () => ({ intercept: raw('/token', 'text/html', '<b>hush') }),
      },
      {
        ...response,
        description: 'a token endpoint that fails',
        manners: () => ({ intercept: raw('/token', 'text/html', 'hush', 500) }),
      },
      {
        ...response,
        description: 'a token endpoint that sends us elsewhere',
        manners: () => ({ intercept: redirect('/token') }),
      },
      {
        ...response,
        description: 'an answer that is too large',
        manners: () => ({ intercept: raw('/token', 'application/json', ' '.repeat(600_000)) }),
      },
      {
        ...response,
        description: 'a userinfo endpoint that speaks of another user',
        manners: () => ({ userinfo: { sub: 'grace' } }),
      },
      {
        ...response,
        description: 'a userinfo endpoint that fails',
        manners: () => ({ intercept: raw('/userinfo', 'text/plain', 'hush', 500) }),
      },
      {
        ...response,
        detail: 'provider_user_id',
        description: 'a user id with a blank',
        manners: () => ({ claims: { sub: 'a b', name: 'n', email: 'e' } }),
      },
      {
        ...response,
        detail: 'provider_user_id',
        description: 'a user id of 256 characters',
        manners: () => ({ claims: { sub: 'a'.repeat(256), name: 'n', email: 'e' } }),
      },
      {
        ...response,
        detail: 'provider_user_id',
        description: 'a user id in other letters',
        manners: () => ({ claims: { sub: 'адa', name: 'n', email: 'e' } }),
      },
      { ...response, description: 'no user id', manners: () => ({ claims: { sub: undefined } }) },
      { ...response, description: 'a user id that is a number', manners: () => ({ claims: { sub: 1 } }) },
      {
        ...response,
        detail: 'provider_auth_time',
        description: 'an old sign-in where a new one was demanded',
        manners: () => ({ claims: { auth_time: seconds() - 40 } }),
        request: { prompt: ['login'] },
      },
      {
        ...response,
        description: 'a sign-in that is older than demanded',
        manners: () => ({ claims: { auth_time: seconds() - 100 } }),
        request: { max_age: 60 },
      },
      {
        ...response,
        description: 'silence about the time of a sign-in that must not be old',
        manners: () => ({}),
        request: { max_age: 60 },
      },
      {
        status: 503,
        detail: 'provider_unavailable',
        description: 'a token endpoint that hangs up',
        manners: () => ({ intercept: hangUp('/token') }),
      },
    ]
    for (const { description, status, detail, manners, request } of rows) {
      it(`${description}: ${status}`, async () => {
        const returnTo = await host.addRequest(request)
        Object.assign(provider, manners())
        const agent = host.browser()
        const view = await agent.open(loginUrl(host, returnTo))
        expect(view.status).to.equal(status)
        expect(view.text).not.to.match(/hush|evil|OAUTH|access_denied|ada/)
        expect(sessionOf(agent)).to.equal(undefined)
        const event = { type: 'sign_in.refused', account: 'default', source: provider.issuer, detail }
        expect(host.events[0]).to.deep.equal(event)
        expect(host.events).to.have.length(status < 500 ? 1 : 2)
        if (status >= 500) expect(host.events[1]).to.include({ type: 'server.error', account: 'default' })
      })
    }

    function raw(where: string, type: string, text: string, code = 200): ProviderManners['intercept'] {
      return (path, _req, res) => {
        if (path === where) res.writeHead(code, { 'content-type': type }).end(text)
        return path === where
      }
    }
    function answer(where: string, body: object, code = 200): ProviderManners['intercept'] {
      return raw(where, 'application/json', JSON.stringify(body), code)
    }
    function redirect(where: string): ProviderManners['intercept'] {
      return (path, _req, res) => {
        if (path === where) res.writeHead(307, { location: `${provider.issuer}/elsewhere` }).end()
        return path === where
      }
    }
    function hangUp(where: string): ProviderManners['intercept'] {
      return (path, _req, res) => {
        if (path === where) res.destroy()
        return path === where
      }
    }
  })

  describe('refuses an answer', () => {
    it('that comes a second time', async () => {
      const browser = host.browser()
      const callback = await visitProvider(browser)
      expect(await openOnce(browser, callback)).to.have.property('status', 200)
      expect(await openOnce(browser, callback)).to.have.property('status', 400)
      expect(host.events.at(-1)).to.include({ type: 'sign_in.refused', detail: 'sign_in_unknown' })
    })

    it('that comes ten times at once, but for one', async () => {
      const browser = host.browser()
      const callback = await visitProvider(browser)
      const answers = await Promise.all(Array.from({ length: 10 }, () => openOnce(browser, callback)))
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...Array(9).fill(400)])
    })

    it('that comes to another browser, and leaves it to its own', async () => {
      const [own, other] = [host.browser(), host.browser()]
      const callback = await visitProvider(own)
      await visitProvider(other)
      for (const stranger of [host.browser(), other]) {
        expect(await openOnce(stranger, callback)).to.have.property('status', 400)
        expect(sessionOf(stranger)).to.equal(undefined)
      }
      expect(host.events.at(-1)).to.include({ type: 'sign_in.refused', detail: 'sign_in_browser' })
      expect(await openOnce(own, callback)).to.have.property('status', 200)
    })

    it('that comes after ten minutes', async () => {
      const browser = host.browser()
      const callback = await visitProvider(browser)
      clock.advance(600_000)
      expect(await openOnce(browser, callback)).to.have.property('status', 400)
    })

    const states = ['', 'A'.repeat(43), 'x', '$ne', 'A'.repeat(5_000)]
    for (const state of states) {
      it(`with the state ${JSON.stringify(state.slice(0, 50))}`, async () => {
        const browser = host.browser()
        const callback = await visitProvider(browser)
        callback.searchParams.set('state', state)
        provider.paths.length = 0
        expect(await openOnce(browser, callback)).to.have.property('status', 400)
        expect(provider.paths).to.deep.equal([])
      })
    }

    for (const name of ['state', 'code', 'iss']) {
      it(`with ${name} twice`, async () => {
        const browser = host.browser()
        const callback = await visitProvider(browser)
        callback.searchParams.append(name, 'x')
        expect(await openOnce(browser, callback)).to.have.property('status', 400)
        expect(sessionOf(browser)).to.equal(undefined)
      })
    }

    it('with the code of another sign-in of this browser', async () => {
      const browser = host.browser()
      const [first, second] = [await visitProvider(browser), await visitProvider(browser)]
      first.searchParams.set('code', second.searchParams.get('code') ?? '')
      expect(await openOnce(browser, first)).to.have.property('status', 400)
      expect(sessionOf(browser)).to.equal(undefined)
    })

    it('by another method', async () => {
      for (const path of ['/login', '/login/callback']) {
        const { status, headers } = await fetch(host.url + path, { method: 'POST' })
        expect(status).to.equal(405)
        expect(headers.get('allow')).to.equal('GET')
      }
    })
  })

  it('keeps of a sign-in that was begun nothing by which it could be finished', async () => {
    const callback = await visitProvider(host.browser())
    const state = callback.searchParams.get('state') ?? ''
    const { signIns } = host.server.context.records
    expect(await signIns.get('default', state)).to.equal(null)
    expect(await signIns.get('default', oneWay(state))).to.include({ return_to: '' })
  })

  describe('at a provider', () => {
    const unsound: { description: string; metadata: object }[] = [
      { description: 'of another name', metadata: { issuer: 'https://evil.example' } },
      { description: 'without a token endpoint', metadata: { token_endpoint: undefined } },
      { description: 'without a key set', metadata: { jwks_uri: undefined } },
      { description: 'without an authorization endpoint', metadata: { authorization_endpoint: undefined } },
      { description: 'whose page is a script', metadata: { authorization_endpoint: 'javascript:alert(1)' } },
      { description: 'whose page has no TLS', metadata: { authorization_endpoint: 'http://evil.example/authorize' } },
      { description: 'whose token endpoint has no TLS', metadata: { token_endpoint: 'http://evil.example/token' } },
      { description: 'whose endpoint is a number', metadata: { token_endpoint: 1 } },
    ]
    for (const { description, metadata } of unsound) {
      it(`${description} nobody signs in: 502`, async () => {
        const own = await startHost(oidcUsers({ issuer: provider.issuer, ...PROVIDER_CLIENT }), { clock })
        try {
          Object.assign(provider.metadata, metadata)
          const { status, headers, text } = await openOnce(own.browser(), loginUrl(own))
          expect(status).to.equal(502)
          expect(headers.get('location')).to.equal(null)
          expect(headers.getSetCookie()).to.deep.equal([])
          expect(text).not.to.include('evil')
          provider.reset()
          expect(await openOnce(own.browser(), loginUrl(own))).to.have.property('status', 303)
        } finally {
          await own.stop()
        }
      })
    }

    it('whose key set cannot be had nobody signs in: 503', async () => {
      const own = await startHost(oidcUsers({ issuer: provider.issuer, ...PROVIDER_CLIENT }), { clock })
      try {
        provider.intercept = (path, _req, res) => {
          if (path === '/jwks') res.destroy()
          return path === '/jwks'
        }
        expect(await own.browser().open(loginUrl(own))).to.have.property('status', 503)
      } finally {
        await own.stop()
      }
    })

    it('that is down nobody signs in until it is there again: 503', async () => {
      const own = await startHost(oidcUsers({ issuer: provider.issuer, ...PROVIDER_CLIENT }), { clock })
      try {
        provider.intercept = (_path, _req, res) => {
          res.destroy()
          return true
        }
        const { status, headers } = await openOnce(own.browser(), loginUrl(own))
        expect(status).to.equal(503)
        expect(headers.get('retry-after')).to.equal('5')
        expect(own.events).to.deep.include({
          ...{ type: 'sign_in.refused', account: 'default', source: provider.issuer, detail: 'provider_unavailable' },
        })
        provider.intercept = undefined
        expect(await openOnce(own.browser(), loginUrl(own))).to.have.property('status', 303)
      } finally {
        await own.stop()
      }
    })
  })

  it('tells the events nothing that was sent or answered', async () => {
    const secrets: string[] = [PROVIDER_CLIENT.clientSecret]
    provider.claims = { nonce: 'other', hush: 'hush-hush' }
    const callback = await visitProvider(host.browser())
    secrets.push(...['code', 'state'].map(name => callback.searchParams.get(name) ?? ''))
    const browser = host.browser()
    await browser.open(loginUrl(host))
    const [, fault] = host.events
    const told: string[] = []
    for (let cause = fault?.['cause']; cause instanceof Error; cause = cause.cause) {
      told.push(cause.message, JSON.stringify(cause), ...Object.values(cause).map(String))
    }
    expect(told.join()).to.include('OAUTH_JWT_CLAIM_COMPARISON_FAILED (nonce)')
    for (const secret of [...secrets, 'hush-hush', 'an-access-token', 'eyJ']) expect(told.join()).not.to.include(secret)
  })

  describe('waits for a provider', () => {
    const slow: { description: string; path: string; begin?: string }[] = [
      { description: 'that does not answer', path: '/.well-known/openid-configuration' },
      { description: 'whose answer does not end', path: '/.well-known/openid-configuration', begin: '{' },
      { description: 'whose token endpoint does not answer', path: '/token' },
      { description: 'whose userinfo endpoint does not end', path: '/userinfo', begin: '{' },
    ]
    for (const { description, path: where, begin } of slow) {
      it(`${description}, and gives up`, async () => {
        provider.intercept = (path, _req, res) => {
          if (path === where && begin !== undefined)
            res.writeHead(200, { 'content-type': 'application/json' }).write(begin)
          return path === where
        }
        const settings = { issuer: provider.issuer, ...PROVIDER_CLIENT, scope: 'openid profile' }
        const slowly = createProvider(settings, loadOpenidClient(), { clock, timeout: 250 })
        const fault = await visit(slowly).catch((error: unknown) => error)
        expect(fault).to.be.instanceOf(ProviderFault).and.to.include({ kind: 'unavailable', code: 'timeout' })
      })
    }

    async function visit(at: Provider): Promise<unknown> {
      const codeVerifier = 'v'.repeat(43)
      const redirect_uri = `${host.url}/login/callback`
      const sent = { redirect_uri, scope: 'openid', state: 's', nonce: 'n', code_challenge: oneWay(codeVerifier) }
      const { headers } = await fetch(await at.authorizationUrl(sent), { redirect: 'manual' })
      const expected = { state: 's', nonce: 'n', codeVerifier, maxAge: undefined }
      return at.exchange(new URL(headers.get('location') ?? ''), expected)
    }
  })

  describe('is made', () => {
    const good: OidcUsersOptions = { issuer: 'https://login.example.com', ...PROVIDER_CLIENT }
    const accepted: Partial<OidcUsersOptions>[] = [
      {},
      { issuer: 'https://tenant.example.com/' },
      { issuer: 'https://login.example.com/tenant/v2.0' },
      { issuer: 'http://localhost:8080/realms/a' },
      { scope: 'openid' },
      { sessionLifetime: 60 },
      { sessionLifetime: 2_592_000 },
    ]
    for (const options of accepted) {
      it(`with ${JSON.stringify(options)}`, () =>
        expect(oidcUsers({ ...good, ...options })).to.have.keys('router', 'users'))
    }

    const refused: { options: object; name: string }[] = [
      ...[undefined, 1, '', 'login.example.com', 'http://login.example.com', 'ftp://login.example.com'].map(issuer => ({
        options: { issuer },
        name: 'issuer',
      })),
      ...['https://a.example?x', 'https://a.example#x', 'https://u:p@a.example'].map(issuer => ({
        options: { issuer },
        name: 'issuer',
      })),
      ...['clientId', 'clientSecret'].flatMap(name =>
        ['', undefined, 1].map(value => ({ options: { [name]: value }, name })),
      ),
      ...['', 'profile', 'openid  profile', ' openid', 'openid "x"', 1].map(scope => ({
        options: { scope },
        name: 'scope',
      })),
      ...['60', 59, Number.NaN].map(sessionLifetime => ({ options: { sessionLifetime }, name: 'sessionLifetime' })),
      { options: { clientID: 'x' }, name: 'clientID' },
    ]
    for (const { options, name } of refused) {
      it(`not with ${JSON.stringify(options)}`, () => {
        expect(() => oidcUsers({ ...good, ...options } as OidcUsersOptions)).to.throw(TypeError, name)
      })
    }
  })
})
