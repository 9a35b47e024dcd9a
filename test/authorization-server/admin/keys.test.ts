import { expect } from 'chai'
import request from 'supertest'
import { KEY_RING_KIND } from '../../../lib/store/records.js'
import { DAY, type KeyServer, KeyStore, MINUTE, RETENTION } from '../../support/key-server.js'
import { describeStores } from '../../support/stores.js'

const AGE = 10 * MINUTE

/** Where its calls come from. */
const BY = { address: '127.0.0.1' }
describeStores('management of keys', engine => {
  let keys: KeyStore
  let server: KeyServer
  beforeEach(async () => {
    keys = await KeyStore.open(engine)
    server = await keys.serve({ keyRotation: false })
  })
  afterEach(() => keys.close())

  /** What must hold whatever was called. */
  async function assertWhole(): Promise<void> {
    const states = await keys.states()
    expect(states.slice(0, 2)).to.deep.equal(['current', 'next'])
    expect(new Set(states.slice(2))).to.deep.equal(states.length === 2 ? new Set() : new Set(['previous']))
    const kids = (await keys.ring()).keys.map(({ kid }) => kid)
    expect(new Set(kids)).to.have.property('size', kids.length)
  }

  const at = (milliseconds: number): string => new Date(milliseconds).toISOString()

  it('are listed with their states and times, and nothing of the keys themselves', async () => {
    const start = keys.clock.now()
    const [old, next] = (await keys.ring()).keys
    keys.clock.advance(AGE)
    await server.rotate().expect(200)
    const { body, headers, text } = await request(server.app).get('/keys').expect(200)
    const now = keys.clock.now()
    const fresh = (await keys.ring()).keys[1]
    const none = { activated_at: null, retired_at: null }
    const made = { created_at: at(start), published_at: at(start) }
    expect(body).to.deep.equal({
      results: [
        { ...none, ...made, kid: next?.kid, state: 'current', activated_at: at(now) },
        { ...none, kid: fresh?.kid, state: 'next', created_at: at(now), published_at: at(now) },
        { ...made, kid: old?.kid, state: 'previous', activated_at: at(start), retired_at: at(now) },
      ],
      next: null,
    })
    expect(headers).to.include({ 'cache-control': 'no-store' })
    for (const { private_jwk, public_jwk } of (await keys.ring()).keys) {
      for (const part of Object.values({ ...JSON.parse(private_jwk), ...JSON.parse(public_jwk) })) {
        if (String(part).length > 10) expect(text).not.to.include(part)
      }
    }
  })

  describe('rotate', () => {
    it('makes next the current one, current a previous one, and a new next, which the key set has at once', async () => {
      keys.clock.advance(AGE)
      const [old, next] = (await keys.ring()).keys
      const { body } = await server.rotate().expect(200)
      expect(body).to.deep.equal({ results: await server.keys(), next: null })
      const kids = body.results.map(({ kid }: { kid: string }) => kid)
      expect([kids[0], kids[2]]).to.deep.equal([next?.kid, old?.kid])
      expect(await server.kids()).to.deep.equal(kids)
      expect(await server.signer()).to.equal(next?.kid)
      expect(server.events.filter(({ type }) => type.startsWith('key.'))).to.deep.equal([
        { type: 'key.rotated', account: 'default', kid: next?.kid, previous: old?.kid, by: 'call', ...BY },
        { type: 'key.created', account: 'default', kid: kids[1], ...BY },
      ])
    })

    const early: { age: number; wait: string | undefined; body?: object }[] = [
      { age: 0, wait: '600' },
      { age: 0, wait: '600', body: {} },
      { age: 0, wait: '600', body: { force: false } },
      { age: 0, wait: undefined, body: { force: true } },
      { age: AGE - 1, wait: '1' },
      { age: AGE - 1_001, wait: '2' },
      { age: AGE, wait: undefined },
      { age: AGE, wait: undefined, body: {} },
    ]
    for (const { age, wait, body } of early) {
      it(`${wait === undefined ? 'goes' : 'waits'} ${age} ms after next was published, with ${JSON.stringify(body)}`, async () => {
        keys.clock.advance(age)
        const answer = await server.rotate(body)
        if (wait === undefined) {
          expect(answer.status).to.equal(200)
        } else {
          expect(answer.status).to.equal(409)
          expect(answer.body).to.include({ status: 409, error_code: 'too_early' })
          expect(answer.headers).to.include({ 'retry-after': wait })
        }
        expect(await keys.states()).to.have.length(wait === undefined ? 3 : 2)
        await assertWhole()
      })
    }

    it('waits 10 minutes after each rotation, a forced one too', async () => {
      await server.rotate({ force: true }).expect(200)
      await server.rotate().expect(409)
      keys.clock.advance(AGE)
      await server.rotate().expect(200)
    })

    const refused: { description: string; body?: string | object; type?: string; query?: string; status?: number }[] = [
      { description: 'an unknown member', body: { force: true, now: true } },
      { description: 'text for a switch', body: { force: 'true' } },
      { description: 'a number for a switch', body: { force: 1 } },
      { description: 'null for a switch', body: { force: null } },
      { description: 'a list', body: [] },
      { description: 'no JSON', body: '{' },
      { description: 'a member twice', body: '{"force":true,"force":true}' },
      { description: 'a form', body: 'force=true', type: 'form', status: 415 },
      { description: 'a parameter', query: '?force=true' },
    ]
    for (const { description, body, type = 'json', query = '', status = 400 } of refused) {
      it(`refuses ${description}, and changes nothing`, async () => {
        keys.clock.advance(AGE)
        const before = await keys.ring()
        const sending = request(server.app).post(`/keys/rotate${query}`)
        const answer = await (body === undefined ? sending : sending.type(type).send(body))
        expect(answer.status).to.equal(status)
        expect(answer.body.error_code).to.equal(status === 415 ? 'unsupported_media_type' : 'validation_error')
        expect(await keys.ring()).to.deep.equal(before)
      })
    }

    it('does not let a ring grow without end: a full one waits for its oldest key to leave, forced or not', async () => {
      await server.rotate({ force: true }).expect(200)
      await keys.alterRing(ring => {
        const [previous] = ring.keys.slice(2)
        const retired_at = new Date(keys.clock.now() - DAY)
        while (previous !== undefined && ring.keys.length < 100) {
          ring.keys.push({ ...previous, retired_at })
        }
      })
      for (const body of [undefined, { force: true }]) {
        keys.clock.advance(AGE)
        const { headers } = await server.rotate(body).expect(409)
        expect(Number(headers['retry-after'])).to.be.within(29 * 86_400, 30 * 86_400)
      }
      keys.clock.advance(RETENTION)
      await server.rotate().expect(200)
      expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
    })
  })

  describe('delete', () => {
    it('takes a previous key out at once', async () => {
      const old = await server.kidOf('current')
      await server.rotate({ force: true }).expect(200)
      const { text } = await server.remove(old).expect(204)
      expect(text).to.equal('')
      expect(await server.kids()).not.to.include(old)
      expect(server.told('key.deleted')).to.deep.equal([
        { account: 'default', kid: old, state: 'previous', by: 'call', ...BY },
      ])
      await assertWhole()
    })

    it('replaces a next key by a new one, which has to wait', async () => {
      keys.clock.advance(AGE)
      const [current, next] = await server.keys()
      await server.remove(next?.kid ?? '', '?replace=false').expect(204)
      const [same, fresh] = await server.keys()
      expect(same).to.deep.equal(current)
      expect(fresh?.kid).not.to.equal(next?.kid)
      await server.rotate().expect(409)
      await assertWhole()
    })

    for (const query of ['', '?replace=false']) {
      it(`does not take the current key ${JSON.stringify(query)}`, async () => {
        const before = await keys.ring()
        const { body } = await server.remove(await server.kidOf('current'), query).expect(409)
        expect(body).to.include({ status: 409, error_code: 'key_in_use' })
        expect(await keys.ring()).to.deep.equal(before)
      })
    }

    it('replaces the current key by next where that is asked for, however young it is', async () => {
      const [old, next] = (await keys.ring()).keys
      expect(await server.signer()).to.equal(old?.kid)
      await server.remove(old?.kid ?? '', '?replace=true').expect(204)
      expect(await server.signer()).to.equal(next?.kid)
      expect(await server.kids())
        .to.have.length(2)
        .and.not.include(old?.kid)
      const fresh = (await keys.ring()).keys[1]
      expect(server.events.filter(({ type }) => type.startsWith('key.'))).to.deep.equal([
        { type: 'key.deleted', account: 'default', kid: old?.kid, state: 'current', by: 'call', ...BY },
        { type: 'key.rotated', account: 'default', kid: next?.kid, previous: old?.kid, by: 'call', ...BY },
        { type: 'key.created', account: 'default', kid: fresh?.kid, ...BY },
      ])
      await assertWhole()
    })

    it('answers 404 for a key that is not there, or not any more', async () => {
      const old = await server.kidOf('current')
      await server.remove(old, '?replace=true').expect(204)
      for (const kid of [old, 'unknown', old.toLowerCase(), 'a'.repeat(201), '%2e%2e']) {
        const { body } = await server.remove(kid, '?replace=true').expect(404)
        expect(body.error_code).to.equal('not_found')
      }
      expect(await keys.states()).to.deep.equal(['current', 'next'])
    })

    const refused = ['?replace=1', '?replace=', '?replace', '?replace=TRUE', '?force=true', '?replace=true&x=1']
    for (const query of [...refused, '?replace=true&replace=true', '?Replace=true', '?replace[]=true']) {
      it(`refuses ${query}, and changes nothing`, async () => {
        const before = await keys.ring()
        const { body } = await server.remove(await server.kidOf('current'), query).expect(400)
        expect(body.error_code).to.equal('validation_error')
        expect(body.details.fields).to.have.length(1)
        expect(await keys.ring()).to.deep.equal(before)
      })
    }
  })

  for (const [method, path, allow] of [
    ['post', '/keys', 'GET, HEAD'],
    ['delete', '/keys', 'GET, HEAD'],
    ['get', '/keys/rotate', 'POST'],
    ['get', '/keys/abc', 'DELETE'],
    ['post', '/keys/abc', 'DELETE'],
  ] as const) {
    it(`does not serve ${method} ${path}`, async () => {
      const { headers } = await request(server.app)[method](path).expect(405)
      expect(headers['allow']).to.equal(allow)
    })
  }

  it('refuses parameters of a list: there is one page', async () => {
    for (const query of ['pageSize=1', 'query=state:next']) await request(server.app).get(`/keys?${query}`).expect(400)
  })

  it('never leaves a ring without one current and one next key, whatever comes to two servers at once', async () => {
    const other = await keys.serve({ keyRotation: false })
    const [current, next] = (await keys.ring()).keys
    const calls = [
      () => server.rotate({ force: true }),
      () => other.rotate({ force: true }),
      () => server.rotate(),
      () => other.remove(current?.kid ?? '', '?replace=true'),
      () => server.remove(next?.kid ?? ''),
      () => other.remove(next?.kid ?? '', '?replace=true'),
    ]
    const answers = await Promise.all(calls.map(call => call()))
    for (const { status } of answers) expect(status).to.be.oneOf([200, 204, 404, 409])
    expect(answers.slice(0, 2).map(({ status }) => status)).to.deep.equal([200, 200])
    await assertWhole()
    keys.clock.advance(30_000)
    expect(await server.kids()).to.deep.equal(await other.kids())
    expect(await server.signer()).to.equal(await other.signer())
  })

  it('rotates once, or once each, where two servers are told to at once', async () => {
    const other = await keys.serve({ keyRotation: false })
    keys.clock.advance(AGE)
    const answers = await Promise.all([server.rotate(), other.rotate()])
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409])
    expect(await keys.states()).to.deep.equal(['current', 'next', 'previous'])
    const both = await Promise.all([server.rotate({ force: true }), other.rotate({ force: true })])
    expect(both.map(({ status }) => status)).to.deep.equal([200, 200])
    expect(await keys.states()).to.have.length(5)
    await assertWhole()
  })

  it('gives up where it loses every race, and changes nothing', async () => {
    const before = await keys.ring()
    const rings = await keys.store.collection(KEY_RING_KIND)
    rings.replace = async () => null
    const { body, headers } = await server.rotate({ force: true }).expect(503)
    expect(body.error_code).to.equal('unavailable')
    expect(headers['retry-after']).to.equal('1')
    expect(await keys.ring()).to.deep.equal(before)
  })
})
