import type { ClientRecord, GrantType } from '../../../store/records.js'
import type { Account } from '../../context/context.js'
import type { Origin } from '../../context/origin.js'
import type { TokenServices } from '../token-services.js'

/** What a grant is given: the client is authenticated and may use the grant. */
export interface TokenRequest {
  services: TokenServices
  account: Account
  client: ClientRecord
  parameters: ReadonlyMap<string, string>
  /** Where the request came from. */
  origin: Origin
}

/** The successful answer (RFC 6749 §5.1). */
export interface TokenResponse {
  access_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
  scope: string
  refresh_token?: string
  /** With `openid` (OpenID Connect Core §3.1.3.3). */
  id_token?: string
}

/** One grant of the token endpoint. */
export interface Grant {
  grantType: GrantType
  /** May a client without a secret use it? */
  publicClients: boolean
  /** @throws OAuthError */
  handle(request: TokenRequest): Promise<TokenResponse>
}
