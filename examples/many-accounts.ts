// Two tenants in one process, each with its own issuer, keys, APIs and clients, under /t/acme and /t/globex.
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { embeddedStore } from 'scopegate/embedded'
import { accountsByPath, type AuthorizationServer, authorizationServer } from 'scopegate/server'

export async function createApp(issuer: string): Promise<{ app: Express; server: AuthorizationServer }> {
  const server = await authorizationServer({
    accounts: accountsByPath(issuer, ['acme', 'globex']),
    store: embeddedStore(':memory:'),
  })
  const app = express()
  app.use(server.router)
  app.use(server.adminRouter)
  return { app, server }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { app, server } = await createApp('http://localhost:3000')
  app.listen(3000, '127.0.0.1', () => console.log(server.takeManagementClients()))
}
