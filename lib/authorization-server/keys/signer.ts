import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { KeyRingError } from '../../errors.js'
import { readRsaJwk } from './key-ring.js'

/** The key that signs now. */
export interface Signer {
  kid: string
  /**
   * A JWT with these claims, by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3), which runs in the thread pool.
   * @param typ default: that of access tokens
   */
  sign(claims: object, typ?: TokenType): Promise<string>
}

/** The `typ` of what is signed; `at+jwt` is that of RFC 9068 §2.1. */
export type TokenType = 'at+jwt' | 'JWT'

/** As many as the thread pool has threads, unless it was told otherwise: a copy is locked while one of them signs. */
const COPIES = 4

/** RFC 7518 §6.3.2: with all the factors, as Node exports a key. */
const MEMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const

/**
 * Makes the signer of a private key.
 * @param privateJwk JSON text
 * @throws KeyRingError the text is not an RSA key, not the one that `kid` names, or makes no good signature
 */
export function createSigner(
  privateJwk: string,
  { account, kid, typ }: { account: string; kid: string; typ: TokenType },
): Signer {
  const copies = Array.from({ length: COPIES }, () => readPrivateKey(privateJwk, { account, kid }))
  assertSigns(copies[0] as KeyObject, account)
  const headers = {
    'at+jwt': encode({ alg: 'RS256', typ: 'at+jwt', kid }),
    JWT: encode({ alg: 'RS256', typ: 'JWT', kid }),
  }
  let turn = 0
  return {
    kid,
    sign(claims, kind = typ) {
      const copy = copies[turn++ % COPIES] as KeyObject
      const input = `${headers[kind]}.${encode(claims)}`
      return new Promise((resolve, reject) => {
        sign('sha256', Buffer.from(input), copy, (error, signature) => {
          if (error === null) resolve(`${input}.${signature.toString('base64url')}`)
          else reject(error)
        })
      })
    },
  }
}

/** Reads a private key. What Node says of a faulty one may quote it, and goes no further. @throws KeyRingError */
export function readPrivateKey(privateJwk: string, { account, kid }: { account: string; kid: string }): KeyObject {
  const key = readRsaJwk(privateJwk, MEMBERS, { account, kid })
  try {
    return createPrivateKey({ key, format: 'jwk' })
  } catch {
    throw new KeyRingError(account, 'a private signing key cannot be used')
  }
}

/** The public half decides the thumbprint: that the private one belongs to it, only a signature shows. */
function assertSigns(key: KeyObject, account: string): void {
  const probe = Buffer.from('scopegate')
  try {
    if (verify('sha256', probe, createPublicKey(key), sign('sha256', probe, key))) return
  } catch {
    // Told below.
  }
  throw new KeyRingError(account, 'a private signing key does not belong to its public one')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
