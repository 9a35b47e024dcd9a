import { pino } from 'pino'
import { resetManagementClients } from '../../authorization-server/bootstrap/reset-management-client.js'
import type { Config } from './config.js'
import { describeEvent } from './log.js'
import { listAccounts, openStore } from './open-store.js'
import { type Screen, showClients } from './welcome.js'

/** Gives the management client of each account a new secret and every management scope, and prints them. Serves nothing. */
export async function reset(config: Config, screen: Screen): Promise<void> {
  const log = pino()
  // Where any free port is asked for there is no address to name.
  const issuer = config.issuer || 'http://localhost'
  const store = await openStore(config, log)
  try {
    const made = await resetManagementClients({
      accounts: listAccounts(issuer, config).accounts,
      store,
      clientId: config.managementClient.id,
      onEvent: event => log.info(describeEvent(event)),
    })
    showClients(made, screen)
  } finally {
    await store.close()
  }
}
