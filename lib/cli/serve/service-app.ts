import type { RequestListener } from 'node:http'
import type { AuthorizationServer } from '../../authorization-server/authorization-server.js'
import { ManagementError } from '../../errors.js'
import { chain } from '../../http/chain.js'
import { managementErrorHandler } from '../../http/error-handler.js'
import type { Handler } from '../../http/handler.js'
import { pathOf } from '../../http/request-target.js'
import type { ReadyMadeUsers } from '../../users/index.js'
import { createClientAddress } from './client-address.js'
import type { Config } from './config.js'
import { createDemo } from './demo.js'
import { loosePath } from './loose-path.js'
import type { Place } from './place.js'

/**
 * What the service answers with. On Node's server alone: a route that only signs gives 1.4 times as many tokens without
 * Express (bench/README.md).
 */
export function createServiceApp(
  server: AuthorizationServer,
  users: ReadyMadeUsers | undefined,
  { config, place }: { config: Config; place: Place },
): RequestListener {
  const handle = chain(
    ...(users === undefined ? [] : [users.router]),
    server.openApiRouter,
    server.router,
    server.adminRouter,
    ...(place.isLoopback ? [createDemoRoute(config, place)] : []),
    (req, res, next) => {
      server.context.metering.meter?.begin(pathOf(req.url ?? ''), req, res)
      next(new ManagementError('not_found', 'There is no such resource.'))
    },
  )
  const readAddress = createClientAddress(config.trustProxy)
  return (req, res) => {
    readAddress?.(req)
    handle(req, res, error => managementErrorHandler(error, req, res, () => res.destroy()))
  }
}

/** What is read at one path; every other request goes on. */
function at(path: string, handler: Handler): Handler {
  return (req, res, next) => {
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    if (isRead && loosePath(req.url) === path) handler(req, res, next)
    else next()
  }
}

/** The demo route belongs to the one account, or to the first of several. */
export const demoPrefix = ({ accounts: [first] }: Config): string => (first === undefined ? '' : `/t/${first}`)

function createDemoRoute(config: Config, { url }: Place): Handler {
  const prefix = demoPrefix(config)
  return at(`${prefix}/demo/users`, chain(...createDemo({ ...config, issuer: config.issuer + prefix }, url + prefix)))
}
