import { expect } from 'chai'
import express from 'express'
import express4 from 'express4'
import * as oauth from 'oauth4webapi'
import { resourceServer } from '../../lib/index.js'
import { testIssuer } from '../../lib/testing/index.js'
import { listen, type Running } from '../support/running.js'

const AUDIENCE = 'https://api.example.com'

for (const [name, createExpress] of Object.entries({
  'Express 5': express,
  'Express 4': express4,
})) {
  describe(`with oauth4webapi as DPoP client (${name})`, () => {
    let running: Running
    let token: string
    let key: Awaited<ReturnType<typeof generateKey>>
    before(async () => {
      const issuer = await testIssuer({ audience: AUDIENCE })
      key = await generateKey()
      token = await issuer.token({ scope: 'a', dpopKey: { jkt: await key.handle.calculateThumbprint() } })
      running = await listen(() => {
        const app = createExpress()
        for (const nonceSecret of [undefined, 'a secret of thirty-two characters']) {
          const { requireScope } = resourceServer({
            ...issuer.resourceServerOptions,
            dpop: 'required',
            dpopProof: nonceSecret === undefined ? {} : { nonceSecret },
          })
          const path = nonceSecret === undefined ? '/plain' : '/nonce'
          app.get(path, requireScope('a'), (_req, res) => {
            res.json({})
          })
        }
        return app
      })
    })
    after(() => running.stop())

    async function generateKey() {
      const pair = await oauth.generateKeyPair('ES256')
      return { handle: oauth.DPoP({}, pair) }
    }

    const call = (path: string, DPoP = key.handle) =>
      oauth.protectedResourceRequest(token, 'GET', new URL(`${running.url}${path}?page=1`), undefined, undefined, {
        DPoP,
        [oauth.allowInsecureRequests]: true,
      })

    it('lets it in, again and again', async () => {
      for (let i = 0; i < 3; i++) expect((await call('/plain')).status).to.equal(200)
    })

    it('gives it a nonce, with which it comes back', async () => {
      const refusal = await call('/nonce').then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(oauth.isDPoPNonceError(refusal)).to.equal(true)
      expect((await call('/nonce')).status).to.equal(200)
    })

    it('refuses another key, in a challenge that it reads', async () => {
      const refusal = await call('/plain', (await generateKey()).handle).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(refusal).to.be.instanceOf(oauth.WWWAuthenticateChallengeError)
      const [challenge] = (refusal as oauth.WWWAuthenticateChallengeError).cause
      expect(challenge?.scheme).to.equal('dpop')
      expect(challenge?.parameters).to.include({ error: 'invalid_token' })
    })
  })
}
