export {
  TokenClientError,
  type TokenErrorCode,
  TokenRefusedError,
  TokenResponseError,
  TokenUnavailableError,
} from './errors.js'
export type { TokenClientOptions, TokenRequest } from './options.js'
export { type FetchWithToken, type TokenClient, tokenClient } from './token-client.js'
