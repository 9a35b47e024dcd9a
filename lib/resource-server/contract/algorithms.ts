/** What one JWS algorithm demands of a key and how its signature is checked (RFC 7518 §3.1, RFC 8037, RFC 9864). */
export interface AlgorithmTraits {
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly crv?: string
  /** Digest, as `crypto.verify` wants it; null where the algorithm has its own. */
  readonly digest: string | null
  readonly pss?: boolean
  /** The exact length of a signature in bytes; absent: that of the RSA modulus. */
  readonly signatureLength?: number
}

const TRAITS = {
  RS256: { kty: 'RSA', digest: 'sha256' },
  RS384: { kty: 'RSA', digest: 'sha384' },
  RS512: { kty: 'RSA', digest: 'sha512' },
  PS256: { kty: 'RSA', digest: 'sha256', pss: true },
  PS384: { kty: 'RSA', digest: 'sha384', pss: true },
  PS512: { kty: 'RSA', digest: 'sha512', pss: true },
  ES256: { kty: 'EC', crv: 'P-256', digest: 'sha256', signatureLength: 64 },
  ES384: { kty: 'EC', crv: 'P-384', digest: 'sha384', signatureLength: 96 },
  ES512: { kty: 'EC', crv: 'P-521', digest: 'sha512', signatureLength: 132 },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', digest: null, signatureLength: 64 },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', digest: null, signatureLength: 64 },
} as const satisfies Record<string, AlgorithmTraits>

/** The signature algorithms that can be allowed: asymmetric ones only. */
export type AsymmetricAlgorithm = keyof typeof TRAITS

/** Is this text one of them, letter by letter? */
export function isAsymmetricAlgorithm(text: string): text is AsymmetricAlgorithm {
  return Object.hasOwn(TRAITS, text)
}

/** The traits of an algorithm. */
export function algorithmTraits(algorithm: AsymmetricAlgorithm): AlgorithmTraits {
  return TRAITS[algorithm]
}

/** `EdDSA` and `Ed25519` are two names of one algorithm here (RFC 9864 §2.2). */
export function isSameAlgorithm(one: string, other: string): boolean {
  return one === other || (one === 'EdDSA' && other === 'Ed25519') || (one === 'Ed25519' && other === 'EdDSA')
}
