import { expect } from 'chai'
import type { UsersOption } from '../../../lib/authorization-server/index.js'
import { listen } from '../../support/running.js'
import { WAYS } from '../../support/thrown.js'
import {
  actionOf,
  type AuthorizeTest,
  Browser,
  eventsOf,
  formOf,
  GOOD,
  locationOf,
  query,
  startFlow,
} from './fixture.js'

type Hook = 'authenticate' | 'loginUrl' | 'permissionsOf' | 'consentPage'

describe('a fault at /authorize', () => {
  const junk: Record<Hook, unknown[]> = {
    authenticate: [
      null,
      true,
      'ada',
      {},
      { id: '' },
      { id: 'a b' },
      { id: 7 },
      { id: 'ü' },
      { id: 'a', authTime: '1' },
    ],
    loginUrl: [undefined, null, '', 'login', '//evil.example', 'javascript:alert(1)', 7, {}],
    permissionsOf: [undefined, null, 'read:users', { 0: 'read:users' }, [7], [null], new Set(['read:users'])],
    consentPage: [undefined, null, 7, {}, ['<p>']],
  }

  async function check(hook: Hook, run: () => unknown, of: string): Promise<void> {
    const hooks: Partial<UsersOption> = hook === 'consentPage' ? {} : { [hook]: run }
    if (hook === 'loginUrl') hooks.authenticate = () => undefined
    const test = await startFlow({ hooks, ...(hook === 'consentPage' && { consentPage: run as () => string }) })
    for (const prompt of [undefined, ...(hook === 'loginUrl' || hook === 'consentPage' ? [] : ['none'])]) {
      test.events.length = 0
      const answer = await new Browser(test).authorize({ ...GOOD, prompt })
      expect([answer.status, answer.type], of).to.deep.equal([503, 'text/html'])
      expect(answer.headers).to.include({ 'cache-control': 'no-store', 'retry-after': '5' })
      expect(answer.headers).not.to.have.property('location')
      expect(eventsOf(test, 'users.failed'), of).to.have.length(1)
      expect(eventsOf(test, 'users.failed')[0]).to.include({ account: 'default', hook })
      expect(eventsOf(test, 'server.error')).to.have.length(1)
      expect((await test.server.context.records.grants.find('default', { limit: 1 })).records).to.deep.equal([])
    }
    await test.close()
  }

  for (const hook of Object.keys(junk) as Hook[]) {
    it(`of ${hook}, which answers something else than it may, is a 503 page and no grant`, async () => {
      for (const answer of junk[hook]) await check(hook, () => answer, String(JSON.stringify(answer)))
    })

    for (const [way, make] of Object.entries(WAYS)) {
      it(`of ${hook}, which ${way}, is a 503 page and no grant`, () => check(hook, make(new Error('secret')), way))
    }
  }

  it('of a hook that never answers holds up that request alone', async () => {
    let isHanging = true
    let asked = (): void => {}
    const arrived = new Promise<void>(resolve => {
      asked = resolve
    })
    const authenticate = () => {
      if (!isHanging) return { id: 'ada' }
      asked()
      return new Promise<undefined>(() => {})
    }
    const test = await startFlow({ hooks: { authenticate } })
    const browser = new Browser(test)
    const first = await browser.get(`/authorize?${query(GOOD)}`)
    const running = await listen(() => test.app)
    try {
      const abort = new AbortController()
      const { pathname } = new URL(locationOf(first))
      const sent = { headers: { cookie: browser.header }, signal: abort.signal }
      const hanging = fetch(running.url + pathname, sent).catch((error: Error) => error.name)
      await arrived
      isHanging = false
      expect((await browser.get(locationOf(first))).status).to.equal(200)
      abort.abort()
      expect(await hanging).to.equal('AbortError')
    } finally {
      await running.stop()
      await test.close()
    }
  })

  describe('of the store', () => {
    let test: AuthorizeTest
    beforeEach(async () => {
      test = await startFlow()
    })
    afterEach(() => test.close())

    const down = async <T>(run: () => Promise<T>): Promise<T> => {
      test.fails.down = true
      test.events.length = 0
      try {
        return await run()
      } finally {
        test.fails.down = false
      }
    }

    const steps: Record<string, (browser: Browser) => Promise<() => ReturnType<Browser['get']>>> = {
      'when the client is looked for': async browser => {
        test.clock.time += 60_000
        return () => browser.get(`/authorize?${query(GOOD)}`)
      },
      'when the client is looked for, and the request is faulty': async browser => {
        test.clock.time += 60_000
        return () => browser.get(`/authorize?${query({ ...GOOD, response_type: 'token' })}`)
      },
      'when the request is kept': async browser => {
        await browser.get(`/authorize?${query(GOOD)}`)
        return () => browser.get(`/authorize?${query(GOOD)}`)
      },
      'when the request is looked for': async browser => {
        const page = await browser.authorize()
        return () => browser.get(actionOf(page))
      },
      'when a decision comes': async browser => {
        const page = await browser.authorize()
        return () => browser.post(actionOf(page), formOf(page, 'allow', ['read:users']))
      },
      'when a silent request is decided': async browser => {
        await browser.get(`/authorize?${query(GOOD)}`)
        return () => browser.get(`/authorize?${query({ ...GOOD, prompt: 'none' })}`)
      },
    }
    for (const [when, prepare] of Object.entries(steps)) {
      it(`${when} is a 503 page, and one event`, async () => {
        const act = await prepare(new Browser(test))
        const answer = await down(act)
        expect([answer.status, answer.type]).to.deep.equal([503, 'text/html'])
        expect(answer.headers).to.include({ 'retry-after': '5', 'cache-control': 'no-store' })
        expect(answer.headers).not.to.have.any.keys('location', 'set-cookie')
        expect(test.events.map(event => (event as { type: string }).type)).to.deep.equal(['server.error'])
      })
    }

    it('while a decision came leaves the request to be decided', async () => {
      const browser = new Browser(test)
      const page = await browser.authorize()
      await down(() => browser.decide(page, 'allow'))
      expect((await browser.decide(page, 'allow')).status).to.equal(303)
    })
  })
})
