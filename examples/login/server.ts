// An application with its own users and log-in; tokens for a single-page client and an API of its own rest on them.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import express, { type Express, type Request } from 'express'
import { getAuth, resourceServer } from 'scopegate'
import { embeddedStore } from 'scopegate/embedded'
import { type AuthorizationServer, authorizationServer } from 'scopegate/server'

export const NOTES = 'https://notes.example.com'

/** The application's own table of users. */
interface User {
  name: string
  role: 'reader' | 'author'
  salt: Buffer
  hash: Buffer
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const hash = (password: string, salt: Buffer): Promise<Buffer> => derive(password, salt, 32)

async function createUser(name: string, role: User['role'], password: string): Promise<User> {
  const salt = randomBytes(16)
  return { name, role, salt, hash: await hash(password, salt) }
}

/** Its own sessions, in a cookie. A real application has them already. */
class Sessions {
  readonly #sessions = new Map<string, { userId: string; authTime: number }>()

  start(userId: string): string {
    const id = randomBytes(32).toString('base64url')
    this.#sessions.set(id, { userId, authTime: Math.floor(Date.now() / 1000) })
    return id
  }

  find(cookies: string | undefined): { id: string; userId: string; authTime: number } | undefined {
    const [, id = ''] = /(?:^|; )session=([\w-]{43})(?:;|$)/.exec(cookies ?? '') ?? []
    const session = this.#sessions.get(id)
    return session === undefined ? undefined : { id, ...session }
  }

  end(id: string): void {
    this.#sessions.delete(id)
  }
}

const page = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const clientLibrary = join(
  createRequire(import.meta.url).resolve('oidc-client-ts'),
  '../../browser/oidc-client-ts.min.js',
)

const escapeText = (text: string): string => text.replace(/[&<>"']/g, found => `&#${found.charCodeAt(0)};`)

const loginPage = (returnTo: string, hint: string, fault = ''): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Log in</title>
<main><h1>Log in</h1><p role="status">${escapeText(fault)}</p>
<form method="post" action="/login">
<input type="hidden" name="return_to" value="${escapeText(returnTo)}">
<p><label>User <input name="user" autocomplete="username" value="${escapeText(hint)}" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Log in</button></p>
</form></main></html>`

/** @param url where this application is reached, without a trailing slash: it is the issuer too */
export async function createApp(
  url: string,
  dataDir = ':memory:',
): Promise<{ app: Express; server: AuthorizationServer }> {
  const users = new Map([
    ['ada', await createUser('Ada Lovelace', 'author', 'correct horse')],
    ['grace', await createUser('Grace Hopper', 'reader', 'battery staple')],
  ])
  // Stands in for a user that is not there, so that both cost the same.
  const nobody = await createUser('', 'reader', randomBytes(32).toString('hex'))
  const sessions = new Sessions()

  const server = await authorizationServer({
    issuer: url,
    store: embeddedStore(dataDir),
    users: {
      authenticate(req) {
        const session = sessions.find(req.headers.cookie)
        const user = users.get(session?.userId ?? '')
        if (session === undefined || user === undefined) return undefined
        return { id: session.userId, authTime: session.authTime, claims: { name: user.name } }
      },
      loginUrl: '/login',
      permissionsOf({ user, scopes }) {
        return users.get(user)?.role === 'author' ? scopes : scopes.filter(scope => scope === 'read:notes')
      },
    },
  })
  const { requireScope } = resourceServer({ issuer: url, audience: NOTES })

  const app = express()
  app.use(server.router)
  app.use('/admin', server.adminRouter)

  const returnTo = (value: unknown): string =>
    typeof value === 'string' && value.startsWith(`${url}/authorize/`) ? value : `${url}/`
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')

  app.get('/login', (req, res) => {
    res
      .set('Cache-Control', 'no-store')
      .send(loginPage(returnTo(req.query['return_to']), text(req.query['login_hint'])))
  })
  app.post('/login', sameOrigin(url), express.urlencoded({ extended: false }), async (req, res) => {
    const { user: id, password, return_to } = req.body as Record<string, unknown>
    const user = users.get(text(id)) ?? nobody
    const isRight = timingSafeEqual(await hash(text(password), user.salt), user.hash)
    if (user === nobody || !isRight) {
      res.status(401).send(loginPage(returnTo(return_to), text(id), 'The user or the password is wrong.'))
      return
    }
    const before = sessions.find(req.headers.cookie)
    if (before !== undefined) sessions.end(before.id)
    const secure = url.startsWith('https:')
    res.cookie('session', sessions.start(text(id)), { httpOnly: true, sameSite: 'lax', secure, path: '/' })
    res.redirect(303, returnTo(return_to))
  })
  app.post('/logout', sameOrigin(url), (req, res) => {
    const session = sessions.find(req.headers.cookie)
    if (session !== undefined) sessions.end(session.id)
    res.clearCookie('session').redirect(303, '/')
  })

  const notes: { text: string; by: string }[] = [{ text: 'The first note', by: 'ada' }]
  app.get('/api/notes', requireScope('read:notes'), (_req, res) => {
    res.json(notes)
  })
  app.post('/api/notes', requireScope('write:notes'), express.json(), (req, res) => {
    notes.push({ text: text((req.body as { text?: unknown }).text), by: getAuth(req).payload.sub ?? '' })
    res.status(201).json(notes.at(-1))
  })

  app.get('/', (_req, res) => res.sendFile(page('index.html')))
  app.get('/app.js', (_req, res) => res.sendFile(page('app.js')))
  app.get('/oidc-client-ts.min.js', (_req, res) => res.sendFile(clientLibrary))
  return { app, server }
}

/** Lets no form of another site through. */
function sameOrigin(url: string): express.RequestHandler {
  return (req: Request, res, next) => {
    if (req.headers.origin === new URL(url).origin) next()
    else res.status(403).send('This form came from another site.')
  }
}

/** Registers the API and the client of the page, once. @returns the client's id */
export async function register(url: string, management: { clientId: string; clientSecret?: string }): Promise<string> {
  const call = async (path: string, token: string, body?: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return (await answer.json()) as Record<string, unknown>
  }
  const { clientId: client_id, clientSecret: client_secret } = management
  const { access_token } = await call('/oauth/token', '', {
    grant_type: 'client_credentials',
    client_id,
    client_secret,
  })
  const token = String(access_token)
  await call('/admin/apis', token, {
    name: 'Notes',
    identifier: NOTES,
    permissions: [
      { value: 'read:notes', description: 'Read your notes' },
      { value: 'write:notes', description: 'Write notes in your name' },
    ],
    allow_offline_access: true,
  })
  const client = await call('/admin/clients', token, {
    name: 'Notebook',
    application_type: 'spa',
    callbacks: [`${url}/`],
    web_origins: [new URL(url).origin],
    api_grants: [{ audience: NOTES, scope: ['read:notes', 'write:notes'] }],
  })
  return String(client['client_id'])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const url = 'http://localhost:3000'
  const { app, server } = await createApp(url)
  app.listen(3000, '127.0.0.1', async () => {
    const [management] = server.takeManagementClients()
    if (management !== undefined) {
      console.log(`Open ${url}/?client_id=${await register(url, management)} and log in as ada, "correct horse".`)
    }
  })
}
