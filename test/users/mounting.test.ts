import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { authorizationServer } from '../../lib/authorization-server/index.js'
import { demoUsers } from '../../lib/users/index.js'
import { seededStore } from '../authorization-server/fixtures.js'

const ORIGIN = 'https://id.example.com'

describe('the router of users', () => {
  const mounts = [
    { at: '/', issuer: ORIGIN, path: '' },
    { at: '/auth', issuer: `${ORIGIN}/auth`, path: '/auth' },
    { at: '/', issuer: `${ORIGIN}/auth`, path: '/auth' },
  ]
  for (const { at, issuer, path } of mounts) {
    it(`serves ${issuer} where it is mounted at ${at}, behind a parser of bodies`, async () => {
      const { router, users } = demoUsers(['ada'])
      const server = await authorizationServer({ issuer, store: await seededStore(), users })
      const app = express()
        .use(express.urlencoded({ extended: true }))
        .use(at, router as express.RequestHandler)
      app.use((req, res) => {
        res.status(404).send(req.url)
      })
      const { text, headers } = await request(app).get(`${path}/login`).expect(200)
      const [, state = ''] = /name="state" value="([\w-]+)"/.exec(text) ?? []
      const cookie = String(headers['set-cookie']).split(';')[0] ?? ''
      const form = { state, user: 'ada' }
      const signedIn = await request(app)
        .post(`${path}/login`)
        .set('cookie', cookie)
        .type('form')
        .send(form)
        .expect(200)
      expect(signedIn.text).to.include(`href="${issuer}/logout"`)
      await request(app).get(`${path}/other?a=1`).expect(404, `${path}/other?a=1`)
      await server.close()
    })
  }

  it('tells of a mount path that is not the issuer’s', async () => {
    const { router, users } = demoUsers(['ada'])
    const events: object[] = []
    const store = await seededStore()
    await authorizationServer({ issuer: ORIGIN, store, users, onEvent: event => events.push(event) })
    await request(express().use('/auth', router as express.RequestHandler)).get('/auth/login')
    expect(events).to.deep.include({ type: 'mount.mismatch', mountPath: '/auth', issuer: ORIGIN })
  })

  it('answers 503 while the store is down, and tells it to the events', async () => {
    const { router, users } = demoUsers(['ada'])
    const events: { type: string }[] = []
    const store = await seededStore()
    await authorizationServer({ issuer: ORIGIN, store, users, onEvent: event => events.push(event) })
    const app = express().use(router as express.RequestHandler)
    events.length = 0
    store.down = true
    const calls = [
      request(app).get('/login'),
      request(app)
        .post('/login')
        .type('form')
        .send({ state: 'A'.repeat(43), user: 'ada' }),
      request(app)
        .get('/logout')
        .set('cookie', `__Host-scopegate.session.default=${'A'.repeat(43)}`),
    ]
    for (const call of calls) {
      const { status, headers, text } = await call
      expect(status).to.equal(503)
      expect(headers['retry-after']).to.equal('5')
      expect(text).to.include('<h1>Not now</h1>')
    }
    expect(events.map(({ type }) => type)).to.deep.equal(['server.error', 'server.error', 'server.error'])
    const req = { headers: { cookie: `__Host-scopegate.session.default=${'A'.repeat(43)}` } }
    const account = { name: 'default', issuer: ORIGIN, mountPath: '' }
    const authenticated = Promise.resolve(users.authenticate(req as never, account))
    expect(await authenticated.catch((error: unknown) => error)).to.have.property('code', 'ERR_STORE_UNAVAILABLE')
  })
})
