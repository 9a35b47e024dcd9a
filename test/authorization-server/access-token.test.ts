import { expect } from 'chai'
import { createLocalJWKSet, jwtVerify } from 'jose'
import request from 'supertest'
import {
  AUDIENCE,
  addApi,
  addClient,
  CLIENT_ID,
  decode,
  GOOD,
  ISSUER,
  postToken,
  START,
  startServer,
} from './fixtures.js'

describe('access token', () => {
  it('has the header and claims of RFC 9068 and no others', async () => {
    const test = await startServer()
    await addApi(test, { token_lifetime: 61 })
    await addClient(test)
    test.clock.time = START + 999
    const { body } = await postToken(test.app, GOOD).expect(200)
    const { header, claims } = decode(body.access_token)
    const jwks = await request(test.app).get('/.well-known/jwks.json')
    expect(header).to.deep.equal({ alg: 'RS256', typ: 'at+jwt', kid: jwks.body.keys[0].kid })
    expect(claims).to.deep.equal({
      iss: ISSUER,
      sub: CLIENT_ID,
      aud: AUDIENCE,
      client_id: CLIENT_ID,
      account: 'default',
      scope: 'read:users write:users',
      iat: START / 1000,
      exp: START / 1000 + 61,
      jti: claims['jti'],
    })
    expect(body.expires_in).to.equal(61)
    expect(Buffer.from(String(claims['jti']), 'base64url')).to.have.length(16)
    await jwtVerify(body.access_token, createLocalJWKSet(jwks.body), { currentDate: new Date(START), typ: 'at+jwt' })
  })

  it('has typ JWT by option', async () => {
    const test = await startServer({ tokenType: 'JWT' })
    await addApi(test)
    await addClient(test)
    const { body } = await postToken(test.app, GOOD).expect(200)
    expect(decode(body.access_token).header['typ']).to.equal('JWT')
  })

  it('never repeats a jti', async () => {
    const test = await startServer()
    await addApi(test)
    await addClient(test)
    const answers = await Promise.all(Array.from({ length: 10 }, () => postToken(test.app, GOOD)))
    expect(new Set(answers.map(({ body }) => decode(body.access_token).claims['jti']))).to.have.property('size', 10)
  })
})
