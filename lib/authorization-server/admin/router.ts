import { ManagementError } from '../../errors.js'
import type { HttpRequest, HttpResponse } from '../../http/handler.js'
import type { AccountHandler } from '../accounts/account-router.js'
import type { Account, AdminCaller } from '../context/context.js'
import type { ServerContext } from './admin-context.js'
import { createApi, deleteApi, listApis, readApi, updateApi } from './apis.js'
import { createClient, deleteClient, listClients, readClient, updateClient } from './clients.js'
import { deleteConsent, listConsents, readConsent } from './consents.js'
import { deleteGrant, listGrants, readGrant } from './grants.js'
import { notFound, type Operation } from './resource.js'
import { createClientSecret, deleteClientSecret } from './secrets.js'

interface Method {
  /** The management scope that the call needs. */
  scope: string
  run: Operation
}

interface Route {
  path: RegExp
  methods: Readonly<Record<string, Method>>
}

/** An id as it may stand in a path: unreserved characters alone, so nothing is ever decoded. */
const ID = '([A-Za-z0-9._~-]{1,200})'

const path = (pattern: string): RegExp => new RegExp(`^${pattern}/?$`)

const ROUTES: readonly Route[] = [
  {
    path: path('/apis'),
    methods: { GET: { scope: 'read:apis', run: listApis }, POST: { scope: 'create:apis', run: createApi } },
  },
  {
    path: path(`/apis/${ID}`),
    methods: {
      GET: { scope: 'read:apis', run: readApi },
      POST: { scope: 'update:apis', run: updateApi },
      DELETE: { scope: 'delete:apis', run: deleteApi },
    },
  },
  {
    path: path('/clients'),
    methods: { GET: { scope: 'read:clients', run: listClients }, POST: { scope: 'create:clients', run: createClient } },
  },
  {
    path: path(`/clients/${ID}`),
    methods: {
      GET: { scope: 'read:clients', run: readClient },
      POST: { scope: 'update:clients', run: updateClient },
      DELETE: { scope: 'delete:clients', run: deleteClient },
    },
  },
  { path: path('/consents'), methods: { GET: { scope: 'read:consents', run: listConsents } } },
  {
    path: path(`/consents/${ID}`),
    methods: {
      GET: { scope: 'read:consents', run: readConsent },
      DELETE: { scope: 'delete:consents', run: deleteConsent },
    },
  },
  { path: path('/grants'), methods: { GET: { scope: 'read:grants', run: listGrants } } },
  {
    path: path(`/grants/${ID}`),
    methods: { GET: { scope: 'read:grants', run: readGrant }, DELETE: { scope: 'delete:grants', run: deleteGrant } },
  },
  { path: path(`/clients/${ID}/secrets`), methods: { POST: { scope: 'update:clients', run: createClientSecret } } },
  {
    path: path(`/clients/${ID}/secrets/${ID}`),
    methods: { DELETE: { scope: 'update:clients', run: deleteClientSecret } },
  },
]

/**
 * The management API: `/apis`, `/clients`, `/consents` and `/grants` of the calling account. Every call proves its scope before anything of it is
 * looked at; every answer, a refusal too, is JSON.
 */
export function createAdminRouter(context: ServerContext): AccountHandler {
  return function management(req, res, account) {
    return serve(context, account, req, res)
  }
}

async function serve(context: ServerContext, account: Account, req: HttpRequest, res: HttpResponse): Promise<void> {
  const { route, ids } = findRoute(req)
  const method = findMethod(route, req)
  const caller = readCaller(await context.authorizeAdmin(req, method.scope, account))
  await method.run({ context, account, caller, req, res, ids })
}

/** The check may be the host's: what it answers decides who may do what, so nothing is taken on trust. */
function readCaller(answer: unknown): AdminCaller {
  const scopes = typeof answer === 'object' && answer !== null && 'scopes' in answer ? answer.scopes : undefined
  if (!Array.isArray(scopes) || !scopes.every(scope => typeof scope === 'string')) {
    throw new TypeError('authorizeAdmin: must answer { scopes }, a list of strings')
  }
  return { scopes: [...scopes] }
}

function findRoute(req: HttpRequest): { route: Route; ids: string[] } {
  const [pathname = ''] = (req.url ?? '').split('?', 1)
  for (const route of ROUTES) {
    const found = route.path.exec(pathname)
    if (found !== null) return { route, ids: found.slice(1) }
  }
  throw notFound()
}

function findMethod({ methods }: Route, req: HttpRequest): Method {
  const name = req.method === 'HEAD' ? 'GET' : (req.method ?? '')
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method !== undefined) return method
  const allowed = Object.keys(methods).flatMap(known => (known === 'GET' ? ['GET', 'HEAD'] : [known]))
  throw new ManagementError('method_not_allowed', 'The method is not served here.', {
    headers: { Allow: allowed.join(', ') },
  })
}
