export { type DpopKey, dpopKey, type TestProofOptions } from './dpop-key.js'
export type { FailureMode } from './offline-fetch.js'
export { type TestIssuer, type TestIssuerOptions, type TestJwk, testIssuer } from './test-issuer.js'
export type { TestTokenOptions } from './test-token.js'
