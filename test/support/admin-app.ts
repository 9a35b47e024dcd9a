import express, { type Express } from 'express'
import type { Clock } from '../../lib/clock.js'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { MANAGEMENT_PERMISSIONS } from '../../lib/authorization-server/admin/catalogue.js'
import { documented } from './documented.js'
import { seedKeys } from './seeded-keys.js'
import type { StoreEngine } from './stores.js'

/** An application with the management API open to everybody, who holds these scopes (default: all). */
export async function adminApp(
  engine: StoreEngine,
  {
    scopes = MANAGEMENT_PERMISSIONS.map(({ value }) => value),
    clock,
  }: { scopes?: readonly string[]; clock?: Clock } = {},
): Promise<{ app: Express; server: AuthorizationServer }> {
  const server = documented(
    await authorizationServer({
      issuer: 'http://localhost:3000',
      store: await seedKeys(await engine.open(clock)),
      authorizeAdmin: () => ({ scopes }),
      ...(clock && { clock }),
    }),
  )
  const app = express()
  app.use(server.adminRouter)
  app.use('/admin', server.adminRouter)
  app.use(server.router)
  return { app, server }
}
