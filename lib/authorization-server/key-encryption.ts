import { CompactEncrypt, compactDecrypt, errors } from 'jose'
import { invalidType, invalidValue } from '../errors.js'

/** Whose key is encrypted. Bound to the ciphertext, so that a record moved to another account or key does not open. */
export interface KeyBinding {
  account: string
  kid: string
}

/** Encrypts private signing keys at rest. */
export interface KeyEncryption {
  encrypt(privateJwk: string, binding: KeyBinding): Promise<string>
  /**
   * @returns the private JWK, and whether it should be stored anew: it was not encrypted, or by a key that is not the first
   * @throws TypeError `ERR_INVALID_ARG_VALUE` where none of the keys opens it
   */
  decrypt(stored: string, binding: KeyBinding): Promise<{ privateJwk: string; outdated: boolean }>
}

/** What the option accepts: 32 bytes, as base64 or as they are; of a list the first encrypts and every one decrypts. */
export type EncryptionKey = string | Uint8Array

/**
 * Reads the option `encryptionKey`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function parseEncryptionKeys(option: EncryptionKey | readonly EncryptionKey[] | undefined): Uint8Array[] {
  if (option === undefined) return []
  const list = Array.isArray(option) ? option : [option]
  if (list.length === 0) throw invalidValue('encryptionKey: a list must hold at least one key')
  return list.map(parseEncryptionKey)
}

function parseEncryptionKey(key: unknown): Uint8Array {
  if (key instanceof Uint8Array) return assertKeyLength(Uint8Array.from(key))
  if (typeof key !== 'string') throw invalidType('encryptionKey: must be base64 text or bytes')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(key)) throw invalidValue('encryptionKey: must be base64')
  return assertKeyLength(Uint8Array.from(Buffer.from(key, 'base64')))
}

function assertKeyLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 32) throw invalidValue('encryptionKey: must be 32 bytes')
  return bytes
}

/** Is this stored private key encrypted (a compact JWE), not a JWK in JSON? */
export function isEncrypted(stored: string): boolean {
  return !stored.startsWith('{')
}

/** Makes the encryption of these keys; with none, plain keys are read and written, and an encrypted one is an error. */
export function createKeyEncryption(keys: readonly Uint8Array[]): KeyEncryption {
  const [first] = keys
  return {
    async encrypt(privateJwk, binding) {
      if (first === undefined) return privateJwk
      return new CompactEncrypt(new TextEncoder().encode(privateJwk))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', account: binding.account, kid: binding.kid })
        .encrypt(first)
    },
    async decrypt(stored, binding) {
      if (!isEncrypted(stored)) return { privateJwk: stored, outdated: first !== undefined }
      if (first === undefined) {
        throw invalidValue(
          `encryptionKey: is missing, and the signing keys of account ${binding.account} are encrypted`,
        )
      }
      for (const key of keys) {
        const privateJwk = await open(stored, key, binding)
        if (privateJwk !== null) return { privateJwk, outdated: key !== first }
      }
      throw invalidValue(`encryptionKey: does not open the signing keys of account ${binding.account}`)
    },
  }
}

async function open(stored: string, key: Uint8Array, { account, kid }: KeyBinding): Promise<string | null> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(stored, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const bound = protectedHeader['account'] === account && protectedHeader.kid === kid
    return bound ? new TextDecoder().decode(plaintext) : null
  } catch (error) {
    if (error instanceof errors.JOSEError) return null
    throw error
  }
}
