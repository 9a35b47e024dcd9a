import { expect } from 'chai'
import request from 'supertest'
import { antiForgeryValue, isAntiForgeryValue } from '../../../lib/authorization-server/consent/anti-forgery.js'
import { createConsents } from '../../../lib/authorization-server/consent/consents.js'
import { eq } from '../../../lib/query/tree.js'
import type { ConsentRecord } from '../../../lib/store/user-records.js'
import { describeStores } from '../../support/stores.js'
import {
  actionOf,
  addWeb,
  answerOf,
  antiForgeryOf,
  type AuthorizeTest,
  boxesOf,
  Browser,
  eventsOf,
  formOf,
  GOOD,
  startAuthorize,
  startFlow,
  WEB,
} from '../authorize/fixture.js'
import { addApi, AUDIENCE } from '../fixtures.js'

const BOTH = { ...GOOD, scope: 'read:users write:users' }

describeStores('a remembered consent', engine => {
  let test: AuthorizeTest
  beforeEach(async () => {
    test = await startFlow({ engine })
  })
  afterEach(() => test.close())

  const all = async (): Promise<ConsentRecord[]> =>
    (await test.server.context.records.consents.find('default', { limit: 50 })).records
  const scopes = async (): Promise<string[][]> => (await all()).map(({ scope }) => scope)

  it('has what was ticked; the rest is neither granted nor remembered, and asked again', async () => {
    const browser = new Browser(test)
    const answer = await browser.decide(await browser.authorize(BOTH), 'allow', ['write:users'])
    expect(answerOf(answer)).to.have.property('code')
    expect(await scopes()).to.deep.equal([['write:users']])
    const [grant] = (await test.server.context.records.grants.find('default', { limit: 1 })).records
    expect(grant?.scope).to.deep.equal(['write:users'])
    expect(answerOf(await browser.authorize({ ...GOOD, scope: 'write:users' }))).to.have.property('code')
    expect(boxesOf(await browser.authorize(BOTH))).to.deep.equal(['read:users', 'write:users'])
  })

  it('is forgotten where it is not ticked any more', async () => {
    const browser = new Browser(test)
    await browser.decide(await browser.authorize(), 'allow')
    await browser.decide(await browser.authorize(BOTH), 'allow', ['write:users'])
    expect(await scopes()).to.deep.equal([['write:users']])
    const none = await browser.decide(await browser.authorize({ ...BOTH, prompt: 'consent' }), 'allow', [])
    expect(answerOf(none)).to.include({ error: 'access_denied' })
    expect(eventsOf(test, 'authorize.denied').at(-1)).to.include({ detail: 'nothing_ticked' })
    expect((await browser.authorize({ ...GOOD, scope: 'write:users' })).status).to.equal(200)
  })

  it('is not made by nothing ticked, nor by a no', async () => {
    const browser = new Browser(test)
    await browser.decide(await browser.authorize(), 'allow', [])
    await browser.decide(await browser.authorize(), 'deny')
    expect(await scopes()).to.deep.equal([])
  })

  it('grows by what is allowed later, which is marked as new', async () => {
    const browser = new Browser(test)
    const first = await browser.authorize()
    expect(first.text).not.to.include('class="new"')
    await browser.decide(first, 'allow')
    const page = await browser.authorize(BOTH)
    expect(page.text.match(/<label>.*<\/label>/g)).to.deep.equal([
      '<label><input type="checkbox" name="scope" value="read:users" checked><span><bdi>read:users</bdi></span></label>',
      '<label><input type="checkbox" name="scope" value="write:users" checked><span><bdi>Changes users</bdi> <span class="new">new</span></span></label>',
    ])
    await browser.decide(page, 'allow')
    expect(await scopes()).to.deep.equal([['read:users', 'write:users']])
  })

  it('is one for each user, client and API', async () => {
    await addWeb(test, { id: 'cli_other' })
    await addApi(test, { identifier: 'https://other.example.com' })
    const browser = new Browser(test)
    await browser.decide(await browser.authorize(), 'allow')
    const others = [
      { ...GOOD, client_id: 'cli_other' },
      { ...GOOD, audience: 'https://other.example.com' },
      { ...GOOD, audience: undefined, scope: 'openid' },
    ]
    for (const parameters of others) expect((await browser.authorize(parameters)).status).to.equal(200)
    test.signedIn.user = { id: 'grace' }
    expect((await browser.authorize()).status).to.equal(200)
  })

  it('is made once where ten are given at once, and none is lost', async () => {
    const { records, clock } = test.server.context
    const consents = createConsents({ records, clock })
    const api_id = (await records.apis.find('default', { filter: eq('identifier', AUDIENCE), limit: 1 })).records[0]?.id
    const subject = { account: 'default', user: 'ada', client_id: WEB, audience: AUDIENCE, api_id: api_id ?? '' }
    const given = Array.from({ length: 10 }, (_, at) => `s${at}`)
    await Promise.all(given.map(scope => consents.remember(subject, { shown: [scope], ticked: [scope] })))
    const [consent, ...others] = await all()
    expect(others).to.deep.equal([])
    expect(consent?.scope).to.have.members(given)
    await Promise.all(given.map(scope => consents.remember(subject, { shown: [scope], ticked: [] })))
    expect((await consents.find(subject))?.scope).to.deep.equal([])
  })
})

describe('consent', () => {
  const asks: {
    description: string
    client?: Parameters<typeof addWeb>[1]
    skip?: boolean
    prompt?: string
    redirect_uri?: string
    asked: boolean
  }[] = [
    {
      description: 'of a first-party client where the API skips it',
      client: { is_first_party: true },
      skip: true,
      asked: false,
    },
    {
      description: 'the same with prompt=consent',
      client: { is_first_party: true },
      skip: true,
      prompt: 'consent',
      asked: true,
    },
    { description: 'of a third-party client where the API skips it', skip: true, asked: true },
    {
      description: 'of a first-party client where the API does not skip it',
      client: { is_first_party: true },
      asked: true,
    },
  ]
  for (const { description, client, skip = false, prompt, asked } of asks) {
    it(`${description} is ${asked ? '' : 'not '}asked`, async () => {
      const test = await startAuthorize()
      await addApi(test, { skip_consent: skip })
      await addWeb(test, client)
      const answer = await new Browser(test).authorize({ ...GOOD, prompt })
      expect(answer.status).to.equal(asked ? 200 : 303)
      if (!asked) {
        const [grant] = (await test.server.context.records.grants.find('default', { limit: 1 })).records
        expect(grant).not.to.have.property('consent_id')
      }
      await test.close()
    })
  }

  const PUBLIC: Parameters<typeof addWeb>[1] = { token_endpoint_auth_method: 'none', secrets: [] }
  const memories: { redirect_uri: string; client?: Parameters<typeof addWeb>[1]; serves: boolean }[] = [
    { redirect_uri: 'https://app.example.com/cb', client: PUBLIC, serves: true },
    { redirect_uri: 'http://127.0.0.1:5000/cb', client: PUBLIC, serves: false },
    { redirect_uri: 'http://[::1]:5000/cb', client: PUBLIC, serves: false },
    { redirect_uri: 'http://localhost:5000/cb', client: PUBLIC, serves: false },
    { redirect_uri: 'com.example.app:/cb', client: PUBLIC, serves: false },
    { redirect_uri: 'com.example.app:/cb', serves: true },
    { redirect_uri: 'http://127.0.0.1:5000/cb', serves: true },
  ]
  for (const { redirect_uri, client, serves } of memories) {
    it(`that is remembered ${serves ? 'serves' : 'does not serve'} a ${client ? 'public' : 'confidential'} client at ${redirect_uri}`, async () => {
      const test = await startAuthorize()
      await addApi(test)
      await addWeb(test, { ...client, callbacks: [redirect_uri] })
      const browser = new Browser(test)
      const page = await browser.authorize({ ...GOOD, redirect_uri })
      const answer = await browser.decide(page, 'allow')
      expect(String(answer.headers['location'])).to.match(/[?&]code=/)
      expect((await browser.authorize({ ...GOOD, redirect_uri })).status).to.equal(serves ? 303 : 200)
      const silent = await browser.authorize({ ...GOOD, redirect_uri, prompt: 'none' })
      expect(String(silent.headers['location'])).to.match(serves ? /[?&]code=/ : /error=consent_required/)
      await test.close()
    })
  }

  describe('is not given by', () => {
    let test: AuthorizeTest
    before(async () => {
      test = await startFlow()
    })
    after(() => test.close())
    beforeEach(() => {
      test.signedIn.user = { id: 'ada' }
      test.events.length = 0
    })

    const forms: {
      description: string
      form: (page: Awaited<ReturnType<Browser['get']>>) => string
      detail: string
    }[] = [
      {
        description: 'a form without the hidden value',
        form: () => 'scope=read%3Ausers&decision=allow',
        detail: 'anti_forgery',
      },
      {
        description: 'an empty hidden value',
        form: page => `${antiForgeryOf(page).name}=&decision=allow`,
        detail: 'anti_forgery',
      },
      {
        description: 'another value',
        form: page => formOf(page, 'allow', []).replace(/=[^&]*/, `=${'A'.repeat(43)}`),
        detail: 'anti_forgery',
      },
      {
        description: 'a value with something behind it',
        form: page => formOf(page, 'allow', []).replace('&', 'A&'),
        detail: 'anti_forgery',
      },
      {
        description: 'the value twice',
        form: page => `${formOf(page, 'allow', [])}&${formOf(page, 'allow', [])}`,
        detail: 'anti_forgery',
      },
      { description: 'no decision', form: page => formOf(page, '', ['read:users']), detail: 'no_decision' },
      { description: 'another decision', form: page => formOf(page, 'Allow', ['read:users']), detail: 'no_decision' },
      {
        description: 'both decisions',
        form: page => `${formOf(page, 'allow', ['read:users'])}&decision=deny`,
        detail: 'no_decision',
      },
    ]
    for (const { description, form, detail } of forms) {
      it(description, async () => {
        const browser = new Browser(test)
        const page = await browser.authorize()
        const answer = await browser.post(actionOf(page), form(page))
        expect([answer.status, answer.type]).to.deep.equal([400, 'text/html'])
        expect(answer.headers).not.to.have.property('location')
        expect(eventsOf(test, 'authorize.denied')).to.deep.equal([
          {
            ...{ type: 'authorize.denied', account: 'default', clientId: WEB, code: 'invalid_request', detail },
            ...{ audience: AUDIENCE, address: '127.0.0.1' },
          },
        ])
        // The request itself is still there for the user.
        expect(answerOf(await browser.decide(page, 'deny'))).to.include({ error: 'access_denied' })
      })
    }

    it('the form of another request of the same browser and user', async () => {
      const browser = new Browser(test)
      const [one, other] = [await browser.authorize(), await browser.authorize()]
      const answer = await browser.post(actionOf(one), formOf(other, 'allow', ['read:users']))
      expect(answer.status).to.equal(400)
    })

    it('the form of another browser', async () => {
      const [browser, attacker] = [new Browser(test), new Browser(test)]
      const [page, forged] = [await browser.authorize(), await attacker.authorize()]
      expect((await browser.post(actionOf(page), formOf(forged, 'allow', ['read:users']))).status).to.equal(400)
    })

    it('a form that was made for the user who was signed in before', async () => {
      const browser = new Browser(test)
      const page = await browser.authorize()
      test.signedIn.user = { id: 'grace' }
      expect((await browser.decide(page, 'allow')).status).to.equal(400)
      expect((await test.server.context.records.grants.find('default', { limit: 1 })).records).to.deep.equal([])
      const own = await browser.get(actionOf(page))
      expect(answerOf(await browser.decide(own, 'allow'))).to.have.property('code')
      const [grant] = (await test.server.context.records.grants.find('default', { limit: 1 })).records
      expect(grant?.user).to.equal('grace')
    })

    it('JSON', async () => {
      const browser = new Browser(test)
      const page = await browser.authorize()
      const { name, value } = antiForgeryOf(page)
      const answer = await request(test.app)
        .post(new URL(actionOf(page)).pathname)
        .set('cookie', browser.header)
        .send({ [name]: value, decision: 'allow', scope: 'read:users' })
      expect(answer.status).to.equal(400)
    })
  })

  it('to no permission at all can be given', async () => {
    const test = await startFlow()
    const browser = new Browser(test)
    const page = await browser.authorize({ ...GOOD, scope: undefined })
    expect(boxesOf(page)).to.deep.equal([])
    expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
    expect(answerOf(await browser.authorize({ ...GOOD, scope: undefined }))).to.have.property('code')
    await test.close()
  })

  it('to as much as a request can ask for can be given', async () => {
    const test = await startAuthorize()
    const values = Array.from({ length: 200 }, (_, at) => `${'%'.repeat(275)}${1000 + at}`)
    await addApi(test, { permissions: values.map(value => ({ value })) })
    await addWeb(test)
    const browser = new Browser(test)
    const first = await browser.post('/authorize', { ...GOOD, scope: values.slice(0, 70).join(' ') })
    const page = await browser.get(String(first.headers['location']))
    expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
    await test.close()
  })
})

describe('the hidden value', () => {
  const binding = { secret: 'secret', requestId: 'req_1', user: 'ada' }
  const others = [
    { ...binding, secret: 'other' },
    { ...binding, requestId: 'req_2' },
    { ...binding, user: 'grace' },
    { secret: 'secret', requestId: 'req_1a', user: 'da' },
  ]
  for (const other of others) {
    it(`is another one for ${JSON.stringify(other)}`, () => {
      expect(isAntiForgeryValue(antiForgeryValue(binding), other)).to.equal(false)
      expect(isAntiForgeryValue(antiForgeryValue(other), other)).to.equal(true)
    })
  }
})
