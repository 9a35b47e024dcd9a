export { type DpopKey, dpopKey, type TestProofOptions } from './dpop-key.js'
export type { FailureMode } from './offline-fetch.js'
export { type TestIssuer, type TestIssuerOptions, type TestTokenOptions, testIssuer } from './test-issuer.js'
