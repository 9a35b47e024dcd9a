import { expect } from 'chai'
import { oneWay } from '../../../lib/authorization-server/context/one-way.js'
import { eq, type Filter } from '../../../lib/query/tree.js'
import { describeStores } from '../../support/stores.js'
import { addApi, AUDIENCE, ISSUER } from '../fixtures.js'
import {
  actionOf,
  addWeb,
  answerOf,
  type AuthorizeTest,
  boxesOf,
  Browser,
  CALLBACK,
  CHALLENGE,
  eventsOf,
  formOf,
  GOOD,
  locationOf,
  query,
  startFlow,
  WEB,
} from './fixture.js'

const TEN_MINUTES = 600_000

describeStores('an authorization request', engine => {
  let test: AuthorizeTest
  beforeEach(async () => {
    test = await startFlow({ engine })
  })
  afterEach(() => test.close())

  const grants = (filter?: Filter) =>
    test.server.context.records.grants.find('default', { limit: 10, ...(filter && { filter }) })

  async function registerAgain(): Promise<void> {
    const { records, registry } = test.server.context
    const filter = eq('identifier', AUDIENCE)
    for (const { id } of (await records.apis.find('default', { limit: 1, filter })).records) {
      await records.apis.remove('default', id)
    }
    await addApi(test)
    registry.apiChanged('default', AUDIENCE)
  }

  it('is kept, bound to the browser, asked about, and answered with a code', async () => {
    const browser = new Browser(test)
    const first = await browser.get(`/authorize?${query({ ...GOOD, nonce: 'n1' })}`)
    expect(first.status).to.equal(303)
    expect(locationOf(first)).to.match(/^https:\/\/id\.example\.com\/authorize\/req_[0-9a-z]{26}$/)
    expect(first.headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    const page = await browser.get(locationOf(first))
    expect([page.status, actionOf(page), boxesOf(page)]).to.deep.equal([200, locationOf(first), ['read:users']])
    const answer = await browser.decide(page, 'allow')
    expect(answer.status).to.equal(303)
    const { code = '', ...rest } = answerOf(answer)
    expect(rest).to.deep.equal({ keep: '1', state: 's1', iss: ISSUER })
    expect(locationOf(answer).startsWith(`${CALLBACK}&code=`)).to.equal(true)
    const { records } = test.server.context
    const stored = await records.authorizationCodes.get('default', oneWay(code))
    expect(stored).to.include({ client_id: WEB, redirect_uri: CALLBACK, redirect_uri_given: true, nonce: 'n1' })
    expect(stored).to.include({ code_challenge: CHALLENGE, used: false })
    const [grant] = (await grants()).records
    const [consent] = (await records.consents.find('default', { limit: 2 })).records
    expect(grant).to.include({ id: stored?.grant_id, user: 'ada', client_id: WEB, audience: AUDIENCE })
    expect(grant?.consent_id).to.equal(consent?.id)
    expect(grant?.scope).to.deep.equal(['read:users'])
    expect(consent).to.include({ user: 'ada', client_id: WEB, audience: AUDIENCE, api_id: grant?.api_id })
    expect(eventsOf(test, 'authorize.allowed')).to.deep.equal([
      {
        ...{ type: 'authorize.allowed', account: 'default', clientId: WEB, audience: AUDIENCE },
        ...{ scope: 'read:users', grantId: grant?.id, user: 'ada', address: '127.0.0.1' },
      },
    ])
    expect(browser.cookies.size).to.equal(0)
    expect(JSON.stringify(test.events)).not.to.include(code)
  })

  it('is not asked about again once the user has consented', async () => {
    const browser = new Browser(test)
    await browser.decide(await browser.authorize(), 'allow')
    const answer = await new Browser(test).authorize()
    expect(answerOf(answer)).to.have.property('code')
    const [consent] = (await test.server.context.records.consents.find('default', { limit: 2 })).records
    for (const { consent_id } of (await grants()).records) expect(consent_id).to.equal(consent?.id)
  })

  it('can be posted as a form', async () => {
    const browser = new Browser(test)
    const first = await browser.post('/authorize?client_id=ignored', GOOD)
    expect(first.status).to.equal(303)
    const answer = await browser.decide(await browser.get(locationOf(first)), 'allow')
    expect(answerOf(answer)).to.include({ state: 's1' }).and.have.property('code')
  })

  it('is decided once: the same form again finds nothing', async () => {
    const browser = new Browser(test)
    const page = await browser.authorize()
    const cookies = new Map(browser.cookies)
    const form = formOf(page, 'allow', ['read:users'])
    expect((await browser.post(actionOf(page), form)).status).to.equal(303)
    for (const [name, value] of cookies) browser.cookies.set(name, value)
    for (const again of [await browser.post(actionOf(page), form), await browser.get(actionOf(page))]) {
      expect(again.status).to.equal(400)
      expect(again.headers).not.to.have.property('location')
    }
    expect((await grants()).records).to.have.length(1)
  })

  it('is decided once where ten decisions come at the same moment', async () => {
    const browser = new Browser(test)
    const page = await browser.authorize()
    const { header } = browser
    const decide = async (at: number): Promise<number> => {
      const own = new Browser(test)
      for (const pair of header.split('; ')) own.cookies.set(pair.split('=')[0] ?? '', pair.split('=')[1] ?? '')
      return (await own.decide(page, at % 2 === 0 ? 'allow' : 'deny')).status
    }
    const statuses = await Promise.all(Array.from({ length: 10 }, (_, at) => decide(at)))
    expect(statuses.filter(status => status === 303)).to.have.length(1)
    expect(statuses.filter(status => status === 400)).to.have.length(9)
    expect((await grants()).records.length).to.be.at.most(1)
  })

  it('is decided once where it is opened ten times and nobody has to be asked', async () => {
    await new Browser(test).decide(await new Browser(test).authorize(), 'allow')
    const browser = new Browser(test)
    await browser.decide(await browser.authorize(), 'allow')
    const before = (await grants()).records.length
    const first = await browser.get(`/authorize?${query(GOOD)}`)
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => {
        const own = new Browser(test)
        for (const [name, value] of browser.cookies) own.cookies.set(name, value)
        return own.get(locationOf(first))
      }),
    )
    expect(answers.filter(({ status }) => status === 303)).to.have.length(1)
    expect((await grants()).records).to.have.length(before + 1)
  })

  it('is refused in another browser, by GET and by POST, and goes on in its own', async () => {
    const [browser, other] = [new Browser(test), new Browser(test)]
    const page = await browser.authorize()
    await other.authorize()
    for (const stranger of [new Browser(test), other]) {
      const form = formOf(page, 'allow', ['read:users'])
      for (const answer of [await stranger.get(actionOf(page)), await stranger.post(actionOf(page), form)]) {
        expect(answer.status).to.equal(400)
        expect(answer.headers).not.to.have.property('location')
      }
    }
    expect(eventsOf(test, 'authorize.denied').map(({ detail }) => detail)).to.deep.equal(Array(4).fill('other_browser'))
    expect((await browser.decide(page, 'allow')).status).to.equal(303)
  })

  for (const { age, status } of [
    { age: TEN_MINUTES - 1, status: 200 },
    { age: TEN_MINUTES, status: 400 },
  ]) {
    it(`is ${status} after ${age} ms`, async () => {
      const browser = new Browser(test)
      const first = await browser.get(`/authorize?${query(GOOD)}`)
      test.clock.time += age
      expect((await browser.get(locationOf(first))).status).to.equal(status)
    })
  }

  it('ends with the user’s no, and is told to the client', async () => {
    const browser = new Browser(test)
    const answer = await browser.decide(await browser.authorize(), 'deny')
    expect(answerOf(answer)).to.include({ error: 'access_denied', state: 's1', iss: ISSUER, keep: '1' })
    expect((await grants()).records).to.deep.equal([])
    expect((await test.server.context.records.consents.find('default', { limit: 1 })).records).to.deep.equal([])
    expect(eventsOf(test, 'authorize.denied')).to.deep.equal([
      {
        type: 'authorize.denied',
        account: 'default',
        clientId: WEB,
        code: 'access_denied',
        detail: 'user_denied',
        ...{ user: 'ada', audience: AUDIENCE, address: '127.0.0.1' },
      },
    ])
    expect(browser.cookies.size).to.equal(0)
  })

  it('is for the API that was asked for, not for one registered later under the same identifier', async () => {
    const browser = new Browser(test)
    const page = await browser.authorize()
    await registerAgain()
    expect(answerOf(await browser.decide(page, 'allow'))).to.include({ error: 'invalid_target' })
    expect((await grants()).records).to.deep.equal([])
  })

  it('gives the new API nothing of the consent to the old one', async () => {
    const browser = new Browser(test)
    await browser.decide(await browser.authorize(), 'allow')
    await registerAgain()
    expect((await browser.authorize()).status).to.equal(200)
  })

  const changes: {
    description: string
    fields: Parameters<typeof addWeb>[1] | null
    status: number
    error?: string
  }[] = [
    { description: 'is gone', fields: null, status: 400 },
    {
      description: 'has not the redirect URI any more',
      fields: { callbacks: ['https://app.example.com/new'] },
      status: 400,
    },
    { description: 'may not have the API any more', fields: { api_grants: [] }, status: 303, error: 'invalid_target' },
    {
      description: 'may not have the scope any more',
      fields: { api_grants: [{ audience: AUDIENCE, scope: ['write:users'] }] },
      status: 303,
      error: 'invalid_scope',
    },
  ]
  for (const { description, fields, status, error } of changes) {
    it(`comes to nothing where the client ${description}`, async () => {
      const browser = new Browser(test)
      const page = await browser.authorize()
      const { records, registry } = test.server.context
      await records.clients.remove('default', WEB)
      if (fields !== null) await addWeb(test, fields)
      registry.clientChanged('default', WEB)
      const answer = await browser.decide(page, 'allow')
      expect(answer.status).to.equal(status)
      if (error !== undefined) expect(answerOf(answer)).to.include({ error })
      expect((await grants()).records).to.deep.equal([])
    })
  }

  it('with any state is answered with it, byte for byte', async () => {
    const states = [
      Array.from({ length: 2048 }, (_, at) => String.fromCharCode(32 + (at % 95))).join(''),
      '\u0000\u0001\t\r\nLocation: https://evil.example',
      'a+b c%20d%2Be&f=g#h',
      '<script>"\'`',
      'ü€😀\u202e\ufeff\ufffd',
      '__proto__',
    ]
    for (const state of states) {
      const browser = new Browser(test)
      const answer = await browser.authorize({ ...GOOD, prompt: 'none', state })
      expect(answerOf(answer)).to.include({ state })
      const decided = await browser.decide(await browser.authorize({ ...GOOD, prompt: 'consent', state }), 'allow')
      expect(answerOf(decided)).to.include({ state }).and.have.property('code')
    }
  })

  it('without state is answered without', async () => {
    for (const state of [undefined, '']) {
      const answer = await new Browser(test).authorize({ ...GOOD, state, prompt: 'none' })
      expect(answerOf(answer)).not.to.have.property('state')
    }
  })
})
