import { expect } from 'chai'
import { accountsByPath, authorizationServer } from '../../lib/authorization-server/index.js'
import { MINTED, oneWay } from '../../lib/authorization-server/context/one-way.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { demoUsers } from '../../lib/users/index.js'
import { setClock } from '../support/set-clock.js'
import { describeStores } from '../support/stores.js'
import type { Form, UserAgent, View } from '../support/user-agent.js'
import { cookiesOf, loginUrl, sessionOf, startHost, type UsersHost, whoIs } from './fixtures.js'

const ADA: [string, string] = ['user', 'ada']
const GRACE: [string, string] = ['user', 'grace']

describeStores('demoUsers', engine => {
  const pair = demoUsers(['ada', 'grace'])
  let host: UsersHost

  before(async function start() {
    this.timeout(120_000)
    const clock = setClock(Date.now())
    host = await startHost(pair, { store: await engine.open(clock), clock })
  })
  after(() => host.stop())

  async function signIn(browser: UserAgent, user = ADA, returnTo?: string): Promise<View> {
    return browser.submit(await browser.open(loginUrl(host, returnTo)), user)
  }

  it('shows names to click, and says that it is a demo', async () => {
    const { status, text, headers } = await host.browser().open(loginUrl(host))
    expect(status).to.equal(200)
    expect(text).to.match(/demo/i).and.to.include('value="ada"').and.to.include('value="grace"')
    expect(headers.get('content-security-policy'))
      .to.include("default-src 'none'")
      .and.to.include("frame-ancestors 'none'")
    expect(headers.get('cache-control')).to.equal('no-store')
  })

  it('signs in who is chosen, and sends the browser back to its request', async () => {
    const browser = host.browser()
    const returnTo = await host.addRequest()
    const view = await signIn(browser, ADA, returnTo)
    expect(view.url).to.equal(returnTo)
    expect(view.status).to.equal(303)
    expect(view.headers.get('referrer-policy')).to.equal('no-referrer')
    expect(await host.whoIs(browser)).to.deep.equal({
      id: 'ada',
      authTime: Math.floor(host.clock.now() / 1000),
      claims: { name: 'ada' },
    })
    expect(host.events).to.deep.include({ type: 'user.signed_in', account: 'default', source: 'demo' })
  })

  it('lets the page lead to where the waiting request goes on, and to nothing else', async () => {
    const waiting = await host.browser().open(loginUrl(host, await host.addRequest()))
    expect(waiting.headers.get('content-security-policy')).to.include("form-action 'self' https://app.example;")
    const { headers } = await host.browser().open(loginUrl(host))
    expect(headers.get('content-security-policy')).to.include("form-action 'self';")
  })

  it('keeps 256 random bits in the browser and their hash in the store', async () => {
    const browser = host.browser()
    const [line = ''] = cookiesOf(await signIn(browser))
    const value = sessionOf(browser) ?? ''
    expect(value).to.match(MINTED)
    expect(line).to.equal(`scopegate.session.default=${value}; Path=/; HttpOnly; SameSite=Lax`)
    const { sessions } = host.server.context.records
    expect(await sessions.get('default', value)).to.equal(null)
    expect(await sessions.get('default', oneWay(value))).to.include({ user: 'ada', source: 'demo' })
  })

  it('gives a new session at each sign-in, and ends the old one', async () => {
    const browser = host.browser()
    await signIn(browser)
    const first = sessionOf(browser) ?? ''
    await signIn(browser, GRACE)
    expect(sessionOf(browser)).not.to.equal(first)
    expect(await host.whoIs(browser)).to.include({ id: 'grace' })
    expect(await whoIs(pair, `scopegate.session.default=${first}`, host.account)).to.equal(undefined)
  })

  it('takes no session that somebody else has put into the browser', async () => {
    const planted = 'A'.repeat(43)
    const browser = host.browser()
    browser.cookies.set('scopegate.session.default', { value: planted, path: '/' })
    await signIn(browser)
    expect(sessionOf(browser)).not.to.equal(planted)
    expect(await whoIs(pair, `scopegate.session.default=${planted}`, host.account)).to.equal(undefined)
  })

  const cookies: { description: string; cookie: (value: string) => string }[] = [
    { description: 'no cookie', cookie: () => '' },
    { description: 'a cookie of another name', cookie: value => `session=${value}` },
    { description: 'the cookie of another account', cookie: value => `scopegate.session.acme=${value}` },
    { description: 'the value one character longer', cookie: value => `scopegate.session.default=${value}A` },
    { description: 'the hash of the value', cookie: value => `scopegate.session.default=${oneWay(value)}` },
    {
      description: 'the cookie twice',
      cookie: value => `scopegate.session.default=${value}; scopegate.session.default=${'A'.repeat(43)}`,
    },
    { description: 'the name of an https issuer', cookie: value => `__Host-scopegate.session.default=${value}` },
  ]
  for (const { description, cookie } of cookies) {
    it(`knows nobody by ${description}`, async () => {
      const browser = host.browser()
      await signIn(browser)
      const value = sessionOf(browser) ?? ''
      expect(await whoIs(pair, `scopegate.session.default=${value}`, host.account)).to.include({ id: 'ada' })
      expect(await whoIs(pair, cookie(value), host.account)).to.equal(undefined)
    })
  }

  it('knows nobody of another account by a session of this one', async () => {
    const browser = host.browser()
    await signIn(browser)
    const other = { name: 'acme', issuer: host.url, mountPath: '' }
    expect(await whoIs(pair, `scopegate.session.acme=${sessionOf(browser)}`, other)).to.equal(undefined)
  })

  it('ends a session after twelve hours, however much it is used', async () => {
    const browser = host.browser()
    await signIn(browser)
    const begun = host.clock.now()
    for (const hours of [6, 11.999]) {
      host.clock.set(begun + hours * 3_600_000)
      expect(await host.whoIs(browser)).to.include({ id: 'ada' })
    }
    host.clock.set(begun + 12 * 3_600_000)
    expect(await host.whoIs(browser)).to.equal(undefined)
  })

  const faults: { description: string; change: (form: Form) => void; button?: [string, string] }[] = [
    { description: 'without a state', change: form => form.fields.shift() },
    {
      description: 'with a state that nobody made',
      change: form => form.fields.splice(0, 1, ['state', 'A'.repeat(43)]),
    },
    { description: 'with a state that is none', change: form => form.fields.splice(0, 1, ['state', '$ne']) },
    { description: 'with a user who is not on the list', change: () => {}, button: ['user', 'mallory'] },
    { description: 'with no user', change: form => form.fields.pop() },
    { description: 'with two users', change: form => form.fields.push(GRACE) },
  ]
  for (const { description, change, button = ADA } of faults) {
    it(`refuses the form ${description}`, async () => {
      const browser = host.browser()
      const { status, text } = await browser.submit(await browser.open(loginUrl(host)), button, change)
      expect(status).to.equal(400)
      expect(text).not.to.include('mallory')
      expect(sessionOf(browser)).to.equal(undefined)
    })
  }

  it('refuses the form a second time', async () => {
    const browser = host.browser()
    const page = await browser.open(loginUrl(host))
    await browser.submit(page, ADA)
    const again = await browser.submit(page, GRACE)
    expect(again.status).to.equal(400)
    expect(await host.whoIs(browser)).to.include({ id: 'ada' })
    expect(host.events).to.deep.include({
      ...{ type: 'sign_in.refused', account: 'default', source: 'demo', detail: 'sign_in_unknown' },
    })
  })

  it('takes one of many at once', async () => {
    const browser = host.browser()
    const page = await browser.open(loginUrl(host))
    const answers = await Promise.all(Array.from({ length: 10 }, () => browser.submit(page, ADA)))
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, ...Array(9).fill(400)])
  })

  it('refuses the form in another browser, and leaves it to its own', async () => {
    const [own, other] = [host.browser(), host.browser()]
    const page = await own.open(loginUrl(host))
    await other.open(loginUrl(host))
    expect(await other.submit(page, ADA)).to.have.property('status', 400)
    expect(await own.submit(page, ADA)).to.have.property('status', 200)
  })

  it('refuses the form after ten minutes', async () => {
    const browser = host.browser()
    const page = await browser.open(loginUrl(host))
    host.clock.advance(600_000)
    expect(await browser.submit(page, ADA)).to.have.property('status', 400)
  })

  it('finishes several tabs', async () => {
    const browser = host.browser()
    const pages = [await browser.open(loginUrl(host)), await browser.open(loginUrl(host))]
    for (const page of pages) expect(await browser.submit(page, ADA)).to.have.property('status', 200)
  })
})

describe('demoUsers', () => {
  const origins: { description: string; headers: Record<string, string>; status: number }[] = [
    { description: 'of this origin', headers: { 'sec-fetch-site': 'same-origin' }, status: 200 },
    { description: 'of a browser that says nothing', headers: {}, status: 200 },
    { description: 'of another site', headers: { 'sec-fetch-site': 'cross-site' }, status: 400 },
    { description: 'of another host of this site', headers: { 'sec-fetch-site': 'same-site' }, status: 400 },
    { description: 'of another origin', headers: { origin: 'https://evil.example' }, status: 400 },
    { description: 'of an origin that is hidden', headers: { origin: 'null' }, status: 400 },
  ]
  for (const { description, headers, status } of origins) {
    it(`answers a form ${description} with ${status}`, async () => {
      const host = await startHost(demoUsers(['ada']))
      try {
        const browser = host.browser()
        const { text } = await browser.open(loginUrl(host))
        const state = /name="state" value="([\w-]+)"/.exec(text)?.[1] ?? ''
        const body = new URLSearchParams({ state, user: 'ada' })
        expect(await browser.open(loginUrl(host), { method: 'POST', body, headers })).to.have.property('status', status)
      } finally {
        await host.stop()
      }
    })
  }

  it('follows nothing but a request of this issuer', async () => {
    const host = await startHost(demoUsers(['ada']))
    const { url } = host
    try {
      const odd = [
        'https://evil.example/authorize/req_1',
        `${url}.evil.example/authorize/req_1`,
        `${url}@evil.example/authorize/req_1`,
        `//evil.example/authorize/req_1`,
        '/authorize/req_1',
        `${url}/authorize`,
        `${url}/authorize/`,
        `${url}/authorize/../logout`,
        `${url}/authorize/%2e%2e/logout`,
        `${url}/authorize/..%5clogout`,
        `${url}/authorize/req_1?next=https://evil.example`,
        `${url}/authorize/req_1#x`,
        `${url}/authorize/req_1\r\nSet-Cookie: a=b`,
        `${url.toUpperCase()}/authorize/req_1`,
        'javascript:alert(1)',
        'x'.repeat(4_000),
      ]
      for (const returnTo of odd) {
        const browser = host.browser()
        const view = await browser.submit(await browser.open(loginUrl(host, returnTo)), ['user', 'ada'])
        expect(view.status, returnTo).to.equal(200)
        expect(view.text, returnTo).to.include('You are signed in as <bdi>ada</bdi>').and.not.to.include('evil')
      }
      const twice = await host.browser().open(`${loginUrl(host, `${url}/authorize/req_1`)}&return_to=x`)
      expect(twice.status).to.equal(400)
    } finally {
      await host.stop()
    }
  })

  it('sets cookies for this host alone, over TLS alone, where the issuer is https', async () => {
    const host = await startHost(demoUsers(['ada']), { issuer: 'https://id.example.com' })
    try {
      const browser = host.browser()
      const page = await browser.open(loginUrl(host))
      expect(cookiesOf(page)[0]).to.match(
        /^__Host-scopegate\.sign-in\.default=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
      )
      const signedIn = await browser.submit(page, ['user', 'ada'], form => {
        form.action = loginUrl(host)
      })
      expect(signedIn.status).to.equal(400)
      const again = await browser.open(loginUrl(host))
      const state = /name="state" value="([\w-]+)"/.exec(again.text)?.[1] ?? ''
      const body = new URLSearchParams({ state, user: 'ada' })
      const done = await browser.open(loginUrl(host), {
        method: 'POST',
        body,
        headers: { origin: 'https://id.example.com' },
      })
      expect(cookiesOf(done)[0]).to.match(
        /^__Host-scopegate\.session\.default=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      )
      expect(await host.whoIs(browser)).to.include({ id: 'ada' })
    } finally {
      await host.stop()
    }
  })

  it('stands below each account, with a session for each', async () => {
    const host = await startHost(demoUsers(['ada', 'grace']), {
      accounts: url => accountsByPath(url, ['acme', 'globex']),
    })
    try {
      const browser = host.browser()
      const signIn = async (name: string, user: string): Promise<View> =>
        browser.submit(await browser.open(`${host.url}/t/${name}/login`), ['user', user])
      expect((await signIn('acme', 'ada')).text).to.include(`href="${host.url}/t/acme/logout"`)
      await signIn('globex', 'grace')
      expect([...browser.cookies.keys()]).to.include.members(['scopegate.session.acme', 'scopegate.session.globex'])
      const pages = await Promise.all(['acme', 'globex'].map(name => browser.open(`${host.url}/t/${name}/logout`)))
      expect(pages[0]?.text).to.include('<bdi>ada</bdi>')
      expect(pages[1]?.text).to.include('<bdi>grace</bdi>')
      expect(await browser.open(`${host.url}/t/initech/login`)).to.have.property('status', 404)
      expect(await browser.open(`${host.url}/login`)).to.have.property('status', 404)
    } finally {
      await host.stop()
    }
  })

  for (const old of [false, true]) {
    it(`serves its paths and leaves the rest to the host, in Express ${old ? 4 : 5}`, async () => {
      const host = await startHost(demoUsers(['ada']), { old })
      try {
        const browser = host.browser()
        expect(await browser.open(`${host.url}/`)).to.include({ status: 200, text: 'the host' })
        expect(await browser.open(`${host.url}/login/callback`)).to.have.property('status', 404)
        const put = await browser.open(loginUrl(host), { method: 'PUT' })
        expect(put.status).to.equal(405)
        expect(put.headers.get('allow')).to.equal('GET, POST')
        expect(await browser.submit(await browser.open(loginUrl(host)), ['user', 'ada'])).to.have.property(
          'status',
          200,
        )
      } finally {
        await host.stop()
      }
    })
  }

  it('knows nobody who has left the list, and nobody whom something else signed in', async () => {
    const clock = setClock(Date.now())
    const host = await startHost(demoUsers(['ada', 'grace']), { clock })
    try {
      const browser = host.browser()
      await browser.submit(await browser.open(loginUrl(host)), ['user', 'ada'])
      const { sessions } = host.server.context.records
      const id = oneWay(sessionOf(browser) ?? '')
      const session = await sessions.get('default', id)
      if (session === null) throw new Error('no session')
      for (const change of [{ user: 'mallory' }, { source: 'https://login.example.com' }]) {
        await sessions.remove('default', id)
        await sessions.insert({ ...session, ...change })
        expect(await host.whoIs(browser)).to.equal(undefined)
      }
    } finally {
      await host.stop()
    }
  })
})

describe('users that are ready-made', () => {
  const issuer = 'http://localhost:3000'

  it('answer 503 until a server has them', async () => {
    const { router, users } = demoUsers(['ada'])
    const server = { app: (await import('express')).default().use(router as never) }
    const { default: request } = await import('supertest')
    for (const path of ['/login', '/login/callback', '/logout', '/t/acme/login']) {
      const { status, headers, text } = await request(server.app).get(path)
      expect(status, path).to.equal(503)
      expect(headers['retry-after']).to.equal('5')
      expect(text).to.include('<h1>Not now</h1>')
    }
    await request(server.app).get('/other').expect(404)
    const req = { headers: {} } as Parameters<typeof users.authenticate>[0]
    const failed = await Promise.resolve(users.authenticate(req, { name: 'default', issuer, mountPath: '' })).catch(
      (error: unknown) => error,
    )
    expect(failed).to.be.an('error')
  })

  it('belong to one server', async () => {
    const { users } = demoUsers(['ada'])
    const first = await authorizationServer({ issuer, store: embeddedStore(':memory:'), users })
    const store = embeddedStore(':memory:')
    for (const pair of [users, { ...users }]) {
      const second = await authorizationServer({ issuer, store, users: pair }).catch((error: unknown) => error)
      expect(second).to.be.instanceOf(TypeError).and.to.include({ code: 'ERR_INVALID_ARG_VALUE' })
    }
    await first.close()
    await store.close()
  })

  it('are free again where the start has failed', async () => {
    const { users } = demoUsers(['ada'])
    const store = embeddedStore(':memory:')
    await store.close()
    const failed = await authorizationServer({ issuer, store, users }).catch((error: unknown) => error)
    expect(failed).to.be.an('error')
    await (await authorizationServer({ issuer, store: embeddedStore(':memory:'), users })).close()
  })

  const names: { description: string; names: unknown; code: string }[] = [
    { description: 'no list', names: 'ada', code: 'ERR_INVALID_ARG_TYPE' },
    { description: 'an empty list', names: [], code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'too many', names: Array.from({ length: 101 }, (_, i) => `u${i}`), code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'one twice', names: ['ada', 'ada'], code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'an empty name', names: [''], code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'a name with a blank', names: ['ada lovelace'], code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'a name that is no text', names: [1], code: 'ERR_INVALID_ARG_VALUE' },
    { description: 'a name of 256 characters', names: ['a'.repeat(256)], code: 'ERR_INVALID_ARG_VALUE' },
  ]
  for (const { description, names: list, code } of names) {
    it(`refuse ${description}`, () => {
      expect(() => demoUsers(list as string[]))
        .to.throw(TypeError)
        .with.property('code', code)
    })
  }

  for (const sessionLifetime of ['60', 59, 60.5, 2_592_001, Number.NaN, -1, null]) {
    it(`refuse a session of ${JSON.stringify(sessionLifetime)} seconds`, () => {
      expect(() => demoUsers(['ada'], { sessionLifetime: sessionLifetime as number })).to.throw(
        TypeError,
        'sessionLifetime',
      )
    })
  }

  it('refuse an option that is none', () => {
    expect(() => demoUsers(['ada'], { lifetime: 60 } as object)).to.throw(TypeError, 'lifetime')
    expect(() => demoUsers(['ada'], null as never)).to.throw(TypeError)
  })
})
