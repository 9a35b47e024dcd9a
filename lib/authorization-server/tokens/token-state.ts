import { refuse } from '../../resource-server/contract/refuse.js'
import type { AuthInfo } from '../../resource-server/contract/types.js'
import type { ClientRecord } from '../../store/records.js'
import type { GrantRecord } from '../../store/user-records.js'
import { grantIdOf } from '../grants/grants.js'
import type { Account } from '../context/context.js'
import type { OwnVerifiers } from './own-verifiers.js'
import type { TokenServices } from './token-services.js'

/** An access token of ours that was verified, and what it rests on. */
export interface LiveToken {
  auth: AuthInfo
  jti: string
  client: ClientRecord
  /** Absent: the client got the token for itself. */
  grant?: GrantRecord
}

export interface StateServices extends Pick<TokenServices, 'clock' | 'registry' | 'records' | 'grants'> {
  verifiers: OwnVerifiers
}

/** Finds out what the issuer itself knows of an access token, and local verification does not. */
export interface TokenState {
  /**
   * The signature, the times, and that it is an access token: not an ID token, which may have the same `typ`.
   * @throws InvalidTokenError, TemporarilyUnavailableError
   */
  verify(account: Account, token: string): Promise<AuthInfo>
  /**
   * Is what the token rests on still there: its client, its API, the grant; and was it not revoked?
   * @throws InvalidTokenError
   * @throws StoreUnavailableError
   */
  resolve(account: Account, auth: AuthInfo): Promise<LiveToken>
}

export function createTokenState(services: StateServices): TokenState {
  const { clock, registry, records, grants, verifiers } = services

  async function grantOf(
    account: Account,
    { payload, clientId }: AuthInfo,
    jti: string,
  ): Promise<GrantRecord | undefined> {
    const id = grantIdOf(jti)
    if (id === undefined) return undefined
    const grant = await grants.get(account.name, id)
    const isItsOwn = grant?.client_id === clientId && grant.user === payload.sub && grant.audience === payload.aud
    if (grant === null || !isItsOwn) throw refuse('authorization_ended')
    return grant
  }

  /** A grant is of one API: one that was registered again under its identifier is another. */
  async function assertApi(account: Account, { payload }: AuthInfo, grant: GrantRecord | undefined): Promise<void> {
    if (grant !== undefined && grant.api_id === undefined) return
    const api = await registry.api(account.name, String(payload.aud))
    if (api === null || (grant !== undefined && grant.api_id !== api.id)) throw refuse('api_deleted')
  }

  return {
    async verify(account, token) {
      const auth = await verifiers(account, null).verify(token)
      if (!isAccessToken(auth, account)) throw refuse('not_an_access_token')
      // There is one clock here: what has ended for the token's holder has ended.
      if (auth.expiresAt * 1000 <= clock.now()) throw refuse('expired')
      return auth
    },
    async resolve(account, auth) {
      const jti = String(auth.payload.jti)
      const client = await registry.client(account.name, auth.clientId)
      if (client === null) throw refuse('client_deleted')
      const grant = await grantOf(account, auth, jti)
      await assertApi(account, auth, grant)
      if ((await records.revokedTokens.get(account.name, jti)) !== null) throw refuse('revoked')
      return { auth, jti, client, ...(grant !== undefined && { grant }) }
    },
  }
}

/** What every access token of ours says, and no ID token. */
function isAccessToken({ payload }: AuthInfo, account: Account): boolean {
  const texts = ['sub', 'aud', 'client_id', 'scope', 'jti'] as const
  const isOther = ['azp', 'at_hash', 'nonce'].some(claim => Object.hasOwn(payload, claim))
  return !isOther && payload['account'] === account.name && texts.every(claim => typeof payload[claim] === 'string')
}
