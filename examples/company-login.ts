// Users sign in at the company's OpenID provider (Entra, Okta, Google, Keycloak…); the APIs, their audiences and permissions live here.
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { embeddedStore } from 'scopegate/embedded'
import { type AuthorizationServer, authorizationServer } from 'scopegate/server'
import { type OidcUsersOptions, oidcUsers } from 'scopegate/users'

/** Who may do what: a table of your own, a directory, a role of the provider… */
const AUTHORS = new Set(['ada'])

/**
 * @param issuer where this application is reached, without a trailing slash
 * @param provider where users sign in; the callback to register there is `<issuer>/login/callback`
 */
export async function createApp(
  issuer: string,
  provider: OidcUsersOptions,
  folder = ':memory:',
): Promise<{ app: Express; server: AuthorizationServer }> {
  const { router, users } = oidcUsers(provider)
  const server = await authorizationServer({
    issuer,
    store: embeddedStore(folder),
    users: {
      ...users,
      permissionsOf: ({ user, scopes }) =>
        AUTHORS.has(user) ? scopes : scopes.filter(scope => scope.startsWith('read:')),
    },
  })

  const app = express()
  app.use(router) // /login, /login/callback, /logout
  app.use(server.router)
  app.use('/admin', server.adminRouter)
  return { app, server }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { LOGIN_ISSUER, LOGIN_CLIENT_ID, LOGIN_CLIENT_SECRET } = process.env
  if (!LOGIN_ISSUER || !LOGIN_CLIENT_ID || !LOGIN_CLIENT_SECRET)
    throw new Error('LOGIN_ISSUER, …_ID, …_SECRET: required')
  const provider = { issuer: LOGIN_ISSUER, clientId: LOGIN_CLIENT_ID, clientSecret: LOGIN_CLIENT_SECRET }
  const { app, server } = await createApp('http://localhost:3000', provider, '.scopegate')
  app.listen(3000, '127.0.0.1', () => console.log(server.takeManagementClients()))
}
