import { CompactEncrypt, compactDecrypt, errors } from 'jose'
import { invalidType, invalidValue } from '../../errors.js'

/** Whose key is encrypted. Bound to the ciphertext, so that a record moved to another account or key does not open. */
export interface KeyBinding {
  account: string
  kid: string
}

/** Encrypts private signing keys at rest. */
export interface KeyEncryption {
  encrypt(privateJwk: string, binding: KeyBinding): Promise<string>
  /**
   * @returns the private JWK, and whether it should be stored anew: it was not encrypted, or by a key that is not the first.
   * What is neither a JWE nor a JWK comes back as it is.
   * @throws TypeError `ERR_INVALID_ARG_VALUE` where none of the keys opens it
   */
  decrypt(stored: string, binding: KeyBinding): Promise<{ privateJwk: string; outdated: boolean }>
}

/** 32 bytes, as base64 or as they are. */
export type EncryptionKey = string | Uint8Array

/** One key, or a list of which the first encrypts and every one decrypts. */
export type EncryptionKeys = EncryptionKey | readonly EncryptionKey[]

/** What the option `encryptionKey` accepts; with `encrypt: false` the keys only read, and new signing keys are stored plain. */
export type EncryptionOption = EncryptionKeys | { keys: EncryptionKeys; encrypt: boolean }

/** The option after its checks. */
export interface EncryptionSettings {
  keys: readonly Uint8Array[]
  encrypt: boolean
}

/**
 * Reads the option `encryptionKey`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`; no key stands in the message
 */
export function parseEncryptionOption(option: EncryptionOption | undefined): EncryptionSettings {
  if (option === undefined) return { keys: [], encrypt: true }
  if (!isSettings(option)) return { keys: parseKeys(option), encrypt: true }
  const { keys, encrypt, ...unknown } = option
  if (Object.keys(unknown).length > 0) throw invalidValue('encryptionKey: has members keys and encrypt alone')
  if (typeof encrypt !== 'boolean') throw invalidType('encryptionKey: encrypt must be true or false')
  return { keys: parseKeys(keys), encrypt }
}

function isSettings(option: EncryptionOption): option is { keys: EncryptionKeys; encrypt: boolean } {
  return typeof option === 'object' && option !== null && !isList(option) && !(option instanceof Uint8Array)
}

function parseKeys(keys: EncryptionKeys): Uint8Array[] {
  const list = isList(keys) ? keys : [keys]
  if (list.length === 0) throw invalidValue('encryptionKey: a list must hold at least one key')
  return list.map(parseEncryptionKey)
}

function isList(keys: object | string): keys is readonly EncryptionKey[] {
  return Array.isArray(keys)
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

/** A compact JWE whose key is not sent along (RFC 7516 §7.1, RFC 7518 §4.5). */
const COMPACT_JWE = /^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/

/** Makes the encryption of these keys; with none, plain keys are read and written, and an encrypted one is an error. */
export function createKeyEncryption({ keys, encrypt }: EncryptionSettings): KeyEncryption {
  const first = encrypt ? keys[0] : undefined
  return {
    async encrypt(privateJwk, binding) {
      if (first === undefined) return privateJwk
      return new CompactEncrypt(new TextEncoder().encode(privateJwk))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', account: binding.account, kid: binding.kid })
        .encrypt(first)
    },
    async decrypt(stored, binding) {
      if (!COMPACT_JWE.test(stored)) return { privateJwk: stored, outdated: first !== undefined }
      if (keys.length === 0) {
        throw invalidValue(
          `encryptionKey: is missing, and the signing keys of account ${binding.account} are encrypted`,
        )
      }
      for (const key of keys) {
        const privateJwk = await open(stored, key, binding)
        if (privateJwk !== null) return { privateJwk, outdated: first !== undefined && key !== first }
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
