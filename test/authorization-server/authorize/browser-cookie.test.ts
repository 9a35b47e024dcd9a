import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { addApi, ISSUER } from '../fixtures.js'
import {
  actionOf,
  addWeb,
  answerOf,
  antiForgeryOf,
  type AuthorizeTest,
  Browser,
  formOf,
  GOOD,
  locationOf,
  query,
  startAuthorize,
  startFlow,
  twoAccounts,
  WEB,
} from './fixture.js'

describe('the cookie of a request', () => {
  let test: AuthorizeTest
  before(async () => {
    test = await startFlow()
  })
  after(() => test.close())

  const cookiesOf = (answer: request.Response): string[] => answer.get('Set-Cookie') ?? []

  it('is for this host alone, of TLS, and not for scripts or other sites', async () => {
    const answer = await new Browser(test).get(`/authorize?${query(GOOD)}`)
    const [cookie, ...others] = cookiesOf(answer)
    expect(others).to.deep.equal([])
    expect(cookie).to.match(
      /^__Host-scopegate_req_[0-9a-z]{26}=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
    )
  })

  it('is a plain one where the issuer is http', async () => {
    const plain = await startFlow({ accounts: () => ({ name: 'default', issuer: 'http://localhost:3000' }) })
    const answer = await request(plain.app)
      .get(`/authorize?${query(GOOD)}`)
      .redirects(0)
      .expect(303)
    expect(locationOf(answer)).to.match(/^http:\/\/localhost:3000\/authorize\/req_/)
    expect(cookiesOf(answer)[0]).to.match(/^scopegate_req_\w+=[^;]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/)
    const cookie = cookiesOf(answer)[0]?.split(';')[0] ?? ''
    await request(plain.app)
      .get(new URL(locationOf(answer)).pathname)
      .set({ cookie })
      .expect(200)
    await plain.close()
  })

  it('goes with the decision', async () => {
    const browser = new Browser(test)
    const answer = await browser.decide(await browser.authorize(), 'deny')
    expect(cookiesOf(answer)[0]).to.match(
      /^__Host-scopegate_req_\w+=; Path=\/; Max-Age=0; Secure; HttpOnly; SameSite=Lax$/,
    )
  })

  it('is beside those of the host', async () => {
    const app = express()
    app.use((_req, res, next) => {
      res.setHeader('Set-Cookie', 'own=1')
      next()
    })
    app.use(test.server.router)
    const answer = await request(app)
      .get(`/authorize?${query(GOOD)}`)
      .redirects(0)
    expect(cookiesOf(answer).map(cookie => /^own=1$|^__Host-scopegate_/.exec(cookie)?.[0])).to.deep.equal([
      'own=1',
      '__Host-scopegate_',
    ])
  })

  it('does not come in the way of those of other tabs, of which twenty can be open', async () => {
    const browser = new Browser(test)
    const pages: request.Response[] = []
    for (let tab = 0; tab < 21; tab++) {
      test.clock.time += 1
      pages.push(await browser.authorize({ ...GOOD, state: `tab ${tab}` }))
    }
    expect(browser.cookies.size).to.equal(20)
    const [first, ...others] = pages
    expect((await browser.get(actionOf(first as request.Response))).status).to.equal(400)
    for (const [at, page] of others.entries()) {
      expect(answerOf(await browser.decide(page, 'deny'))).to.include({ state: `tab ${at + 1}` })
    }
    expect(browser.cookies.size).to.equal(0)
  })

  const headers: Record<string, (cookie: string) => string> = {
    'among others': cookie => `a=1; b; =; ;; ${cookie}; c="x=y;z"`,
    'without blanks': cookie => `a=1;${cookie};b=2`,
    'behind a false one of the same name': cookie => `${cookie.split('=')[0]}=${'A'.repeat(43)}; ${cookie}`,
    'behind 10 KB': cookie => `${'x=1; '.repeat(2000)}${cookie}`,
    'beside __proto__': cookie => `__proto__=x; constructor=y; ${cookie}`,
  }
  for (const [where, make] of Object.entries(headers)) {
    it(`is found ${where}`, async () => {
      const browser = new Browser(test)
      const page = await browser.authorize()
      await request(test.app)
        .get(new URL(actionOf(page)).pathname)
        .set('cookie', make(browser.header))
        .expect(200)
    })
  }

  const faulty: Record<string, (cookie: string) => string> = {
    'there is none': () => '',
    'it is empty': cookie => `${cookie.split('=')[0]}=`,
    'it is another value': cookie => `${cookie.split('=')[0]}=${'A'.repeat(43)}`,
    'it is cut': cookie => cookie.slice(0, -1),
    'it has something behind it': cookie => `${cookie}A`,
    'it is quoted': cookie => cookie.replace('=', '="').concat('"'),
    'it has another name': cookie => cookie.replace('__Host-', ''),
    'its name is in capitals': cookie => cookie.replace('__Host-scopegate', '__host-SCOPEGATE'),
    'the header is junk': () => '=;=;;;%%%;\u00ff',
  }
  for (const [how, make] of Object.entries(faulty)) {
    it(`is not there where ${how}`, async () => {
      const browser = new Browser(test)
      const page = await browser.authorize()
      await request(test.app)
        .get(new URL(actionOf(page)).pathname)
        .set('cookie', make(browser.header))
        .expect(400)
    })
  }
})

describe('a request of one account', () => {
  let test: AuthorizeTest
  before(async () => {
    test = await startAuthorize({ accounts: twoAccounts })
    for (const account of ['acme', 'globex']) {
      await addApi(test, { account })
      await addWeb(test, { account })
    }
  })
  after(() => test.close())

  const at = (name: string, path: string): string => `/t/${name}${path}`

  it('is served below the account, by its issuer', async () => {
    const browser = new Browser(test)
    const page = await browser.authorize(GOOD, at('acme', '/authorize'))
    expect(actionOf(page)).to.match(/^https:\/\/id\.example\.com\/t\/acme\/authorize\/req_/)
    expect(answerOf(await browser.decide(page, 'allow'))).to.include({ iss: `${ISSUER}/t/acme` })
  })

  it('does not exist at another one, whatever cookies come', async () => {
    const browser = new Browser(test)
    const page = await browser.authorize({ ...GOOD, prompt: 'consent' }, at('acme', '/authorize'))
    const elsewhere = actionOf(page).replace('/t/acme/', '/t/globex/')
    expect((await browser.get(elsewhere)).status).to.equal(400)
    expect((await browser.post(elsewhere, formOf(page, 'allow', ['read:users']))).status).to.equal(400)
    expect(answerOf(await browser.decide(page, 'deny'))).to.include({ error: 'access_denied' })
  })

  it('takes no form of another one', async () => {
    const browser = new Browser(test)
    const [own, foreign] = [
      await browser.authorize({ ...GOOD, prompt: 'consent' }, at('acme', '/authorize')),
      await browser.authorize({ ...GOOD, prompt: 'consent' }, at('globex', '/authorize')),
    ]
    expect(antiForgeryOf(own).value).not.to.equal(antiForgeryOf(foreign).value)
    expect((await browser.post(actionOf(own), formOf(foreign, 'allow', ['read:users']))).status).to.equal(400)
  })

  it('is not served by a consent to another one', async () => {
    const browser = new Browser(test)
    const page = await browser.authorize(GOOD, at('acme', '/authorize'))
    if (page.status === 200) await browser.decide(page, 'allow')
    expect(answerOf(await browser.authorize(GOOD, at('acme', '/authorize')))).to.have.property('code')
    expect((await browser.authorize(GOOD, at('globex', '/authorize'))).status).to.equal(200)
  })

  it('knows no client of another one', async () => {
    await addWeb(test, { id: 'cli_acme', account: 'acme' })
    const parameters = { ...GOOD, client_id: 'cli_acme' }
    expect((await new Browser(test).authorize(parameters, at('acme', '/authorize'))).status).to.equal(200)
    expect((await new Browser(test).authorize(parameters, at('globex', '/authorize'))).status).to.equal(400)
  })
})

describe('/authorize behind what the host has mounted', () => {
  it('reads a form that a body parser has read', async () => {
    const test = await startFlow()
    const app = express()
    app.use(express.urlencoded({ extended: true }))
    app.use(test.server.router)
    const sent = await request(app).post('/authorize').type('form').send(query(GOOD)).redirects(0).expect(303)
    expect(locationOf(sent)).to.include(`${ISSUER}/authorize/req_`)
    const twice = await request(app)
      .post('/authorize')
      .type('form')
      .send(`${query(GOOD)}&state=2`)
      .redirects(0)
      .expect(303)
    expect(answerOf(twice)).to.include({ error: 'invalid_request' })
    const nested = await request(app)
      .post('/authorize')
      .type('form')
      .send(`${query({ ...GOOD, scope: undefined })}&scope[x]=1`)
    expect(answerOf(nested)).to.include({ error: 'invalid_request' })
    const clients = await request(app)
      .post('/authorize')
      .type('form')
      .send(`${query(GOOD)}&client_id=${WEB}`)
      .redirects(0)
    expect(clients.status).to.equal(400)
    await test.close()
  })

  it('works under a path, and takes nothing from Host', async () => {
    const issuer = 'https://id.example.com/auth'
    const test = await startFlow({ accounts: () => ({ name: 'default', issuer }) })
    const app = express()
    app.use('/auth', test.server.router)
    const forged = { host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    const sent = await request(app)
      .get(`/auth/authorize?${query(GOOD)}`)
      .set(forged)
      .redirects(0)
      .expect(303)
    expect(locationOf(sent)).to.match(/^https:\/\/id\.example\.com\/auth\/authorize\/req_/)
    const cookie = (sent.get('Set-Cookie') ?? [])[0]?.split(';')[0] ?? ''
    const page = await request(app)
      .get(new URL(locationOf(sent)).pathname)
      .set({ cookie, ...forged })
      .expect(200)
    expect(actionOf(page)).to.equal(locationOf(sent))
    expect(page.text).not.to.include('evil')
    await test.close()
  })

  it('leaves paths beside it to the host', async () => {
    const test = await startFlow()
    test.app.use((_req, res) => void res.end('host'))
    for (const path of ['/authorize/', '/authorize/a/b', '/authorizex', '/Authorize', '/x/authorize']) {
      await request(test.app).get(path).expect(200, 'host')
    }
    for (const path of [
      '/authorize/req_1',
      '/authorize/__proto__',
      '/authorize/%2e%2e',
      `/authorize/${'x'.repeat(5000)}`,
    ]) {
      await request(test.app).get(path).expect(400)
    }
    await test.close()
  })
})
