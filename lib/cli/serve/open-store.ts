import { accountsByPath, type ListedAccounts, singleAccount } from '../../authorization-server/accounts/accounts.js'
import type { Store } from '../../store/port.js'
import type { Logger } from 'pino'
import type { Config } from './config.js'

/** Each engine is loaded only where it is used: mongoose need not be installed. */
export async function openStore({ mongodbUri, dataDir }: Config, log: Pick<Logger, 'warn'>): Promise<Store> {
  if (mongodbUri === undefined) {
    const { embeddedStore } = await import('../../store/embedded/index.js')
    return embeddedStore(dataDir, {
      onWarning: ({ path, mode }) =>
        log.warn({ path, mode }, 'other users of this machine can use what is stored here'),
    })
  }
  const { mongoStore } = await import('../../store/mongo/index.js')
  return mongoStore(mongodbUri)
}

/** The accounts that the environment names. */
export function listAccounts(issuer: string, { accounts, allowInsecureRequests }: Config): ListedAccounts {
  const checks = { allowInsecureRequests }
  return accounts.length === 0 ? singleAccount(issuer, checks) : accountsByPath(issuer, accounts, checks)
}
