import { expect } from 'chai'
import request from 'supertest'
import { needsSignIn } from '../../../lib/authorization-server/authorize/sign-in.js'
import { ISSUER, START } from '../fixtures.js'
import { answerOf, type AuthorizeTest, Browser, GOOD, locationOf, query, startFlow } from './fixture.js'

const NOW = START / 1000

describe('whether a user has to sign in', () => {
  const rows: {
    prompt?: string[]
    max_age?: number
    sign_ins?: number
    /** Seconds from when the request came. */
    authTime?: number | 'unknown' | 'nobody'
    /** Seconds since the request came. */
    age?: number
    needs: boolean
  }[] = [
    { authTime: 'nobody', needs: true },
    { authTime: 'nobody', sign_ins: 1, needs: true },
    { authTime: 'unknown', needs: false },
    { authTime: -1_000_000, needs: false },
    { prompt: ['consent'], authTime: -1_000_000, needs: false },
    { prompt: ['login'], authTime: 'unknown', needs: true },
    { prompt: ['login'], authTime: 'unknown', sign_ins: 1, needs: false },
    { prompt: ['login'], authTime: -1, needs: true },
    { prompt: ['login'], authTime: -1, sign_ins: 1, needs: true },
    { prompt: ['login'], authTime: 0, needs: true },
    { prompt: ['login'], authTime: 0, sign_ins: 1, needs: false },
    { prompt: ['login'], authTime: 60, sign_ins: 1, age: 60, needs: false },
    { prompt: ['login', 'consent'], authTime: 60, age: 60, needs: true },
    { prompt: ['select_account'], authTime: -1, needs: true },
    { prompt: ['select_account'], authTime: -1, sign_ins: 1, needs: false },
    { prompt: ['select_account', 'login'], authTime: -1, sign_ins: 1, needs: true },
    { max_age: 60, authTime: 'unknown', needs: true },
    { max_age: 60, authTime: 'unknown', sign_ins: 1, needs: false },
    { max_age: 60, authTime: -60, needs: false },
    { max_age: 60, authTime: -61, needs: true },
    { max_age: 60, authTime: -61, sign_ins: 1, needs: true },
    { max_age: 60, authTime: 0, age: 500, needs: false },
    { max_age: 60, authTime: -60, age: 1, needs: true },
    { max_age: 0, authTime: 0, needs: true },
    { max_age: 0, authTime: 1, age: 5, sign_ins: 1, needs: false },
    { max_age: Number.MAX_SAFE_INTEGER, authTime: 0, needs: false },
  ]
  for (const { authTime, age = 0, needs, ...demand } of rows) {
    it(`${JSON.stringify({ ...demand, authTime, age })}: ${needs ? 'yes' : 'no'}`, () => {
      const user =
        authTime === 'nobody'
          ? undefined
          : { id: 'ada', ...(typeof authTime === 'number' && { authTime: NOW + authTime }) }
      const request = { prompt: [], createdAt: new Date(START + 700), ...demand }
      expect(needsSignIn(request, user, { now: () => START + 700 + age * 1000 })).to.equal(needs)
    })
  }
})

describe('sign-in', () => {
  let test: AuthorizeTest
  const close: (() => Promise<void>)[] = []
  async function start(...options: Parameters<typeof startFlow>): Promise<AuthorizeTest> {
    test = await startFlow(...options)
    close.push(test.close)
    return test
  }
  after(async () => {
    for (const end of close) await end()
  })

  it('is where loginUrl says, with the way back and the hint, and without storing or telling the address', async () => {
    await start()
    test.signedIn.user = undefined
    const browser = new Browser(test)
    const answer = await browser.authorize({ ...GOOD, login_hint: 'ada@example.com&x' })
    expect(answer.status).to.equal(303)
    expect(answer.headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
    const url = new URL(locationOf(answer))
    expect(url.origin + url.pathname).to.equal(`${ISSUER}/login`)
    expect(url.searchParams.get('return_to')).to.match(/^https:\/\/id\.example\.com\/authorize\/req_[0-9a-z]{26}$/)
    expect(url.searchParams.get('login_hint')).to.equal('ada@example.com&x')
    test.signedIn.user = { id: 'ada' }
    const page = await browser.get(url.searchParams.get('return_to') ?? '')
    expect(page.text).to.include('<bdi>ada</bdi>')
    expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
  })

  it('is told the prompt where loginUrl is a function', async () => {
    const asked: unknown[] = []
    await start({
      hooks: {
        loginUrl: (returnTo, about) => {
          asked.push([returnTo, about])
          return new URL('https://login.example.com/start')
        },
      },
    })
    const answer = await new Browser(test).authorize({ ...GOOD, prompt: 'login consent' })
    expect(locationOf(answer)).to.equal('https://login.example.com/start')
    const [[returnTo, about] = []] = asked as [string, unknown][]
    expect(returnTo).to.match(/^https:\/\/id\.example\.com\/authorize\/req_/)
    expect(about).to.deep.include({ prompt: ['login', 'consent'], loginHint: undefined })
  })

  for (const prompt of ['login', 'select_account']) {
    it(`prompt=${prompt} sends a user there who is signed in, once`, async () => {
      await start()
      const browser = new Browser(test)
      const sent = await browser.authorize({ ...GOOD, prompt })
      expect(locationOf(sent)).to.include('/login?return_to=')
      const page = await browser.get(new URL(locationOf(sent)).searchParams.get('return_to') ?? '')
      expect(page.status).to.equal(200)
      expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
    })
  }

  it('prompt=login is not fulfilled by a sign-in from before, and does not go round for ever', async () => {
    await start()
    test.signedIn.user = { id: 'ada', authTime: NOW - 1 }
    const browser = new Browser(test)
    const first = await browser.get(`/authorize?${query({ ...GOOD, prompt: 'login' })}`)
    for (let round = 0; round < 5; round++) {
      expect(locationOf(await browser.get(locationOf(first)))).to.include('/login?')
    }
    const answer = await browser.get(locationOf(first))
    expect(answerOf(answer)).to.include({ error: 'login_required', state: 's1' })
    expect((await browser.get(locationOf(first))).status).to.equal(400)
  })

  it('that never comes to anything ends too', async () => {
    await start()
    test.signedIn.user = undefined
    const browser = new Browser(test)
    const first = await browser.get(`/authorize?${query(GOOD)}`)
    for (let round = 0; round < 5; round++) await browser.get(locationOf(first))
    expect(answerOf(await browser.get(locationOf(first)))).to.include({ error: 'login_required' })
  })

  it('is asked for at each step: who signs out while deciding is shown a page, and can go on', async () => {
    await start()
    const browser = new Browser(test)
    const page = await browser.authorize()
    test.signedIn.user = undefined
    const answer = await browser.decide(page, 'allow')
    expect([answer.status, answer.type]).to.deep.equal([400, 'text/html'])
    test.signedIn.user = { id: 'ada' }
    expect(answerOf(await browser.decide(page, 'allow'))).to.have.property('code')
  })

  describe('prompt=none', () => {
    const silent = { ...GOOD, prompt: 'none' }
    for (const method of ['GET', 'POST']) {
      const ask = async (parameters: typeof silent | Record<string, string>) => {
        const browser = new Browser(test)
        if (method === 'GET') return browser.authorize(parameters)
        return browser.get(locationOf(await browser.post('/authorize', parameters)))
      }

      it(`${method}: nobody is signed in`, async () => {
        await start()
        test.signedIn.user = undefined
        expect(answerOf(await ask(silent))).to.include({ error: 'login_required', state: 's1' })
      })

      it(`${method}: signed in too long ago, or nobody knows when`, async () => {
        await start()
        for (const user of [{ id: 'ada', authTime: NOW - 61 }, { id: 'ada' }]) {
          test.signedIn.user = user
          expect(answerOf(await ask({ ...silent, max_age: '60' }))).to.include({ error: 'login_required' })
        }
      })

      it(`${method}: consent would be asked`, async () => {
        await start()
        expect(answerOf(await ask(silent))).to.include({ error: 'consent_required', state: 's1' })
      })

      it(`${method}: everything is there`, async () => {
        await start()
        const browser = new Browser(test)
        await browser.decide(await browser.authorize(), 'allow')
        const answer = answerOf(await ask(silent))
        expect(answer).to.include({ state: 's1', iss: ISSUER }).and.have.property('code')
      })
    }

    it('HEAD makes no code', async () => {
      await start()
      const browser = new Browser(test)
      await browser.decide(await browser.authorize(), 'allow')
      const answer = await request(test.app)
        .head(`/authorize?${query(silent)}`)
        .redirects(0)
        .expect(303)
      expect(locationOf(answer)).to.include(`${ISSUER}/authorize/req_`)
    })

    it('is answered where no cookie of ours comes, as in a frame', async () => {
      await start()
      const browser = new Browser(test)
      await browser.decide(await browser.authorize(), 'allow')
      const answer = await new Browser(test).get(`/authorize?${query(silent)}`)
      expect(answerOf(answer)).to.have.property('code')
      expect(answer.headers).not.to.have.property('set-cookie')
    })
  })
})
