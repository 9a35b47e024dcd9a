// A backend that accepts access tokens of any standards-following issuer: Auth0, Entra, Keycloak, Okta, scopegate.
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { getAuth, type ResourceServerOptions, resourceServer } from 'scopegate'

export function createApp(options: ResourceServerOptions): Express {
  const { requireAuth, requireScope, ready } = resourceServer(options)

  const app = express()
  app.get('/ready', (_req, res) => {
    ready().then(
      () => res.json({ status: 'ok' }),
      () => res.status(503).json({ status: 'unavailable' }),
    )
  })
  app.get('/me', requireAuth(), (req, res) => {
    res.json({ sub: getAuth(req).payload.sub })
  })
  app.get('/users', requireScope('read:users'), (_req, res) => {
    res.json({ users: [] })
  })
  app.delete('/users/:id', requireScope.any('delete:users', 'admin:users'), (_req, res) => {
    res.status(204).end()
  })
  return app
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { ISSUER: issuer, AUDIENCE: audience } = process.env
  if (!issuer || !audience) throw new Error('ISSUER and AUDIENCE must be set')
  createApp({ issuer, audience }).listen(3001, '127.0.0.1')
}
