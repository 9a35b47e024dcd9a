export type { FailureMode } from './offline-fetch.js'
export { type TestIssuer, type TestIssuerOptions, type TestTokenOptions, testIssuer } from './test-issuer.js'
