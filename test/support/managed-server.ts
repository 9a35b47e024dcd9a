import express from 'express'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { listen, type Running } from './running.js'
import { seedKeys } from './seeded-keys.js'

/** A server on loopback, and the environment with which the command line manages it. */
export interface ManagedServer extends Running {
  server: AuthorizationServer
  env: Record<string, string>
}

/** @param prefix where the management API is mounted */
export async function managedServer(prefix = ''): Promise<ManagedServer> {
  const store = await seedKeys(embeddedStore(':memory:'))
  let server: AuthorizationServer | undefined
  const running = await listen(async url => {
    server = await authorizationServer({ issuer: url, store })
    const app = express().use(server.router)
    return prefix === '' ? app.use(server.adminRouter) : app.use(prefix, server.adminRouter)
  })
  if (server === undefined) throw new Error('there is no server')
  const opened = server
  const [client] = opened.takeManagementClients()
  return {
    ...running,
    server: opened,
    env: {
      SCOPEGATE_URL: running.url,
      ...(prefix !== '' && { SCOPEGATE_ADMIN_URL: running.url + prefix }),
      SCOPEGATE_CLIENT_ID: client?.clientId ?? '',
      SCOPEGATE_CLIENT_SECRET: client?.clientSecret ?? '',
    },
    async stop() {
      await running.stop()
      await opened.close()
    },
  }
}
