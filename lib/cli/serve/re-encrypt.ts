import { reEncryptKeyRings } from '../../authorization-server/keys/re-encrypt.js'
import type { Config } from './config.js'
import { ConfigError } from './config-error.js'
import { openStore } from './open-store.js'

/**
 * Encrypts every signing key in the store by the first `ENCRYPTION_KEY`, and says how many rings were written. Serves
 * nothing.
 * @throws ConfigError `ENCRYPTION_KEY` is missing, or only reads
 */
export async function reEncrypt(config: Config, print: (text: string) => void): Promise<void> {
  const { encryptionKey } = config
  if (encryptionKey === undefined) throw new ConfigError('ENCRYPTION_KEY is missing')
  if (typeof encryptionKey === 'object' && 'encrypt' in encryptionKey) {
    throw new ConfigError('ENCRYPTION_KEY_READ_ONLY must not be set: keys are to be encrypted')
  }
  // What there is to warn of is said when the service starts.
  const store = await openStore(config, { warn: () => undefined })
  try {
    const { rings, rewritten } = await reEncryptKeyRings({ store, encryptionKey })
    print(`${rewritten} of ${rings} key rings rewritten: all are encrypted by the first ENCRYPTION_KEY`)
  } finally {
    await store.close()
  }
}
