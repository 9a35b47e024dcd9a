import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningKeyEntry } from '../../store/records.js'
import type { KeyEncryption } from './key-encryption.js'
import { thumbprint } from './key-ring.js'

const generateRsa = promisify(generateKeyPair)

/** A key that no ring has yet. */
export type NewKey = Pick<SigningKeyEntry, 'kid' | 'created_at' | 'public_jwk' | 'private_jwk'>

/** Makes a key: RSA 2048, which takes the thread pool 0.1 to 1 second. Its private part is encrypted where keys are. */
export async function createKey(account: string, now: Date, encryption: KeyEncryption): Promise<NewKey> {
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const kid = thumbprint(publicJwk)
  const privateJwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
  return {
    kid,
    created_at: now,
    public_jwk: JSON.stringify(publicJwk),
    private_jwk: await encryption.encrypt(privateJwk, { account, kid }),
  }
}
