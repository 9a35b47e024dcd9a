// The authorization server and a protected backend in one process, on the embedded store.
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { getAuth, resourceServer } from 'scopegate'
import { embeddedStore } from 'scopegate/embedded'
import { type AuthorizationServer, authorizationServer } from 'scopegate/server'

const AUDIENCE = 'https://api.example.com'

/** @param issuer where this app is reached, without a trailing slash */
export async function createApp(
  issuer: string,
  folder = ':memory:',
): Promise<{ app: Express; server: AuthorizationServer }> {
  const server = await authorizationServer({ issuer, store: embeddedStore(folder) })
  const { requireScope } = resourceServer({ issuer, audience: AUDIENCE })

  const app = express()
  app.use(server.router)
  app.use('/admin', server.adminRouter)
  app.get('/users', requireScope('read:users'), (req, res) => {
    res.json({ caller: getAuth(req).clientId, users: [] })
  })
  return { app, server }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { app, server } = await createApp('http://localhost:3000', '.scopegate')
  app.listen(3000, '127.0.0.1', () => console.log(server.takeManagementClients()))
}
