import { expect } from 'chai'
import { renderConsentPage } from '../../../lib/authorization-server/consent/consent-page.js'
import type { ConsentView } from '../../../lib/authorization-server/index.js'
import { addApi } from '../fixtures.js'
import {
  actionOf,
  addWeb,
  answerOf,
  antiForgeryOf,
  type AuthorizeTest,
  boxesOf,
  Browser,
  GOOD,
  locationOf,
  startAuthorize,
} from '../authorize/fixture.js'

const EVIL = `<script>alert(1)</script>"'\u202egnp.exe\u2069\u0000`

describe('the consent page', () => {
  const tests: AuthorizeTest[] = []
  after(async () => {
    for (const test of tests) await test.close()
  })
  async function start(options: Parameters<typeof startAuthorize>[0] = {}, of: 'plain' | 'evil' = 'plain') {
    const test = await startAuthorize(options)
    tests.push(test)
    const isEvil = of === 'evil'
    const description = isEvil ? EVIL : 'Changes users'
    await addApi(test, {
      ...(isEvil && { name: EVIL }),
      permissions: [{ value: 'read:users' }, { value: 'write:users', description }, { value: `x<b>&'` }],
    })
    await addWeb(test, isEvil ? { name: EVIL, description: EVIL } : { description: 'Does things' })
    if (isEvil) test.signedIn.user = { id: `a"<b>'&`, claims: { name: EVIL } }
    return test
  }
  const scope = `openid write:users read:users x<b>&'`

  it('says who wants what, of whom, and where it leads', async () => {
    const test = await start()
    test.signedIn.user = { id: 'ada', claims: { name: 'Ada Lovelace' } }
    const page = await new Browser(test).authorize({ ...GOOD, scope: 'openid write:users read:users' })
    for (const text of [
      '<h1><bdi>Web app</bdi> wants access to <bdi>Example</bdi></h1>',
      '<bdi>Does things</bdi>',
      'It does not belong to the operator of this service.',
      '<bdi><strong>app.example.com</strong></bdi>',
      'You are signed in as <bdi>Ada Lovelace</bdi> (<bdi>ada</bdi>).',
      '<bdi>Changes users</bdi>',
      '<bdi>read:users</bdi>',
      '<bdi>Know who you are</bdi>',
      '<button type="submit" name="decision" value="deny">',
      '<button type="submit" name="decision" value="allow" class="main">',
    ]) {
      expect(page.text).to.include(text)
    }
    expect(page.text.match(/<form/g)).to.have.length(1)
  })

  it('has one language, title, heading, a label for every box, and no script', async () => {
    const test = await start()
    const { text } = await new Browser(test).authorize({ ...GOOD, scope })
    expect(text).to.match(/^<!doctype html>\n<html lang="en">/)
    expect(text).to.include('<meta name="viewport" content="width=device-width, initial-scale=1">')
    for (const element of ['title', 'h1', 'main', 'fieldset', 'legend', 'style']) {
      expect(text.match(new RegExp(`<${element}[ >]`, 'g')), element).to.have.length(1)
    }
    expect(text.match(/<label><input type="checkbox"/g)).to.have.length(boxesOf({ text } as never).length)
    expect(text).not.to.match(/<script|<a |<img|<link|\son\w+=|style="/)
  })

  it('is shown to nobody else, framed by nobody, and leads to the client alone', async () => {
    const test = await start()
    const page = await new Browser(test).authorize({ ...GOOD, scope })
    const nonce = /<style nonce="([^"]+)">/.exec(page.text)?.[1]
    expect(nonce).to.match(/^[A-Za-z0-9_-]{22}$/)
    expect(page.headers['content-security-policy']).to.equal(
      `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self' https://app.example.com; frame-ancestors 'none'; base-uri 'none'`,
    )
    expect(page.headers).to.include({
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/html; charset=utf-8',
    })
    const other = await new Browser(test).authorize({ ...GOOD, scope })
    expect(other.text).not.to.include(nonce)
    expect(antiForgeryOf(other).value).not.to.equal(antiForgeryOf(page).value)
  })

  for (const [redirect_uri, source] of [
    ['http://127.0.0.1:5000/cb', 'http://127.0.0.1:5000'],
    ['http://[::1]:5000/cb', 'http:'],
    ['com.example.app:/cb', 'com.example.app:'],
  ] as const) {
    it(`may lead to ${redirect_uri}`, async () => {
      const test = await startAuthorize()
      tests.push(test)
      await addApi(test)
      await addWeb(test, { callbacks: [redirect_uri] })
      const page = await new Browser(test).authorize({ ...GOOD, redirect_uri })
      expect(page.headers['content-security-policy']).to.include(`form-action 'self' ${source};`)
    })
  }

  it('shows every name and description as text, and none turns what is around it', async () => {
    const test = await start({}, 'evil')
    const browser = new Browser(test)
    const page = await browser.authorize({ ...GOOD, scope })
    for (const odd of ['<script', '\0', '\u202e', '\u2069']) expect(page.text).not.to.include(odd)
    const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;\ufffdgnp.exe\ufffd\ufffd'
    expect(page.text.split(`<bdi>${escaped}</bdi>`)).to.have.length(6)
    expect(page.text).to.include('<bdi>a&quot;&lt;b&gt;&#39;&amp;</bdi>')
    expect(boxesOf(page).at(-2)).to.equal('x&lt;b&gt;&amp;&#39;')
    const ticked = ['openid', 'write:users', `x<b>&'`]
    expect(answerOf(await browser.decide(page, 'allow', ticked))).to.have.property('code')
    const [grant] = (await test.server.context.records.grants.find('default', { limit: 1 })).records
    expect(grant?.scope).to.deep.equal(['write:users', `x<b>&'`, 'openid'])
  })

  it('marks permissions that are deprecated, which are granted still, and no other', async () => {
    const views: ConsentView[] = []
    const permissions = [
      { value: 'read:users', description: 'Reads users', deprecated: true },
      { value: 'write:users', deprecated: false },
      { value: 'constructor' },
    ]
    const consentPage = (view: ConsentView): string => {
      views.push(view)
      return renderConsentPage(view)
    }
    for (const options of [{}, { consentPage }]) {
      const test = await startAuthorize(options)
      tests.push(test)
      await addApi(test, { permissions })
      await addWeb(test)
      const browser = new Browser(test)
      const page = await browser.authorize({ ...GOOD, scope: 'read:users write:users constructor openid' })
      expect(page.text.match(/<span class="deprecated">deprecated<\/span>/g)).to.have.length(1)
      expect(page.text).to.include('<bdi>Reads users</bdi> <span class="deprecated">deprecated</span>')
      expect(page.text).to.include('<bdi>constructor</bdi></span>')
      expect(boxesOf(page)).to.deep.equal(['read:users', 'write:users', 'constructor', 'openid'])
      expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
    }
    expect(views[0]?.scopes).to.deep.equal([
      { value: 'read:users', description: 'Reads users', isNew: false, isDeprecated: true },
      { value: 'write:users', isNew: false },
      { value: 'constructor', isNew: false },
      { value: 'openid', description: 'Know who you are', isNew: false },
    ])
  })

  it('marks what is both new and deprecated', async () => {
    const test = await startAuthorize()
    tests.push(test)
    await addApi(test, { permissions: [{ value: 'read:users', deprecated: true }, { value: 'write:users' }] })
    await addWeb(test)
    const browser = new Browser(test)
    await browser.decide(await browser.authorize({ ...GOOD, scope: 'write:users' }), 'allow')
    const { text } = await browser.authorize({ ...GOOD, scope: 'read:users write:users' })
    expect(text).to.include(
      '<bdi>read:users</bdi> <span class="new">new</span> <span class="deprecated">deprecated</span></span>',
    )
  })

  it('can be made by the host, whose form is checked the same way', async () => {
    const views: ConsentView[] = []
    const consentPage = async (view: ConsentView): Promise<string> => {
      views.push(view)
      return `<style nonce="${view.styleNonce}"></style><p>own</p>`
    }
    const test = await start({ consentPage })
    test.signedIn.user = { id: 'ada', claims: { name: 'Ada', email: 'ada@example.com' } }
    const browser = new Browser(test)
    const page = await browser.authorize({ ...GOOD, scope: 'openid write:users read:users' })
    expect(page.text).to.match(/<p>own<\/p>$/)
    const [view] = views
    expect(view).to.deep.equal({
      action: view?.action,
      antiForgery: { name: 'anti_forgery', value: view?.antiForgery.value },
      client: {
        id: 'cli_web',
        name: 'Web app',
        description: 'Does things',
        isFirstParty: false,
        redirectHost: 'app.example.com',
      },
      api: { name: 'Example', identifier: 'https://api.example.com' },
      user: { id: 'ada', name: 'Ada' },
      scopes: [
        { value: 'write:users', description: 'Changes users', isNew: false },
        { value: 'read:users', isNew: false },
        { value: 'openid', description: 'Know who you are', isNew: false },
      ],
      styleNonce: view?.styleNonce,
    })
    expect(page.headers['content-security-policy']).to.include(
      `style-src 'nonce-${view?.styleNonce}'; form-action 'self' https://app`,
    )
    const { action = '', antiForgery } = view ?? {}
    expect((await browser.post(action, { decision: 'allow', scope: 'read:users' })).status).to.equal(400)
    const form = { [antiForgery?.name ?? '']: antiForgery?.value, decision: 'allow', scope: 'read:users' }
    expect(answerOf(await browser.post(action, form))).to.have.property('code')
  })

  it('asks who somebody is where there is no API', async () => {
    const test = await start()
    const browser = new Browser(test)
    const page = await browser.authorize({ ...GOOD, audience: undefined, scope: 'openid email' })
    expect(page.text).to.include('<h1><bdi>Web app</bdi> wants to know who you are</h1>')
    expect(locationOf(await browser.decide(page, 'allow'))).to.include('code=')
    expect(actionOf(page)).to.match(/^https:\/\/id\.example\.com\/authorize\/req_/)
  })
})
