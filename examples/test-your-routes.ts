// Testing protected routes with mocha and supertest, offline, through the real verification path.
// Run it: npx mocha --import tsx examples/test-your-routes.ts
import request from 'supertest'
import { testIssuer } from 'scopegate/testing'
import { createApp } from './protect-a-backend.js'

describe('GET /users', () => {
  it('answers to a token with the scope', async () => {
    const issuer = await testIssuer({ audience: 'https://api.example.com' })
    const app = createApp(issuer.resourceServerOptions)
    await request(app)
      .get('/users')
      .set('authorization', await issuer.bearer({ scope: 'read:users' }))
      .expect(200, { users: [] })
  })

  it('refuses a token without it, an expired one, and none', async () => {
    const issuer = await testIssuer({ audience: 'https://api.example.com' })
    const app = createApp(issuer.resourceServerOptions)
    const other = await issuer.bearer({ scope: 'write:users' })
    const expired = await issuer.bearer({ scope: 'read:users', expiresIn: -60 })
    await request(app).get('/users').set('authorization', other).expect(403)
    await request(app).get('/users').set('authorization', expired).expect(401)
    await request(app).get('/users').expect(401)
  })
})
