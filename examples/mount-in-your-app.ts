// The management API under /admin of an application that exists already, on MongoDB, behind the application's own login.
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { ManagementError } from 'scopegate'
import { mongoStore } from 'scopegate/mongo'
import { type AuthorizationServer, authorizationServer } from 'scopegate/server'

/** Every scope of the management API: what the application's administrators may do. */
export const ADMIN_SCOPES = [
  ...['apis', 'clients'].flatMap(name => ['create', 'read', 'update', 'delete'].map(verb => `${verb}:${name}`)),
  ...['consents', 'grants', 'keys'].flatMap(name => ['read', 'delete'].map(verb => `${verb}:${name}`)),
  'rotate:keys',
  'read:logs',
]

/** @param isAdmin the application's own check, here of a header */
export async function createApp(
  mongodbUri: string,
  isAdmin: (header: string | undefined) => boolean,
): Promise<{ app: Express; server: AuthorizationServer }> {
  const server = await authorizationServer({
    issuer: 'http://localhost:3000',
    store: mongoStore(mongodbUri),
    authorizeAdmin: req => {
      if (!isAdmin(req.headers.cookie)) throw new ManagementError('unauthorized', 'Log in first.')
      return { scopes: ADMIN_SCOPES }
    },
  })

  const app = express()
  // Before the body parser: they read bodies themselves, and refuse a parameter that is given twice.
  app.use('/admin', server.adminRouter)
  app.use(server.router)
  app.use(express.json())
  app.get('/', (_req, res) => {
    res.send('the application')
  })
  return { app, server }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const uri = process.env['MONGODB_URI'] ?? 'mongodb://127.0.0.1:27017/scopegate'
  const { app } = await createApp(uri, cookie => cookie === 'session=admin')
  app.listen(3000, '127.0.0.1')
}
