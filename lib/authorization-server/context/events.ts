import type { SignInDetail } from '../../details.js'
import { emit } from '../../emit.js'
import type { KeyState } from '../../store/records.js'
import type { LoggedChange } from '../../store/log-records.js'
import type { Origin } from './origin.js'

/**
 * What the authorization side tells its host, and its log. Never holds a token, a secret or key material. What a caller
 * chose who was not authenticated (the `clientId` of a refusal, the `address` behind a trusted proxy, a `mountPath` with
 * parameters) is short and printable, or left out. A `code` is the one that the wire says; a `detail` is the reason.
 */
export type ServerEvent =
  | ({
      type: 'token.issued'
      account: string
      clientId: string
      audience: string
      scope: string
      jti: string
      /** Absent: the client asked for itself. */
      user?: string
    } & Origin)
  /** A token of more than 8 192 characters: many servers refuse such a header with 431. */
  | { type: 'token.large'; account: string; clientId: string; audience: string; length: number }
  | ({ type: 'token.refused'; account: string; clientId?: string; code: string; detail?: string } & Origin)
  /** A request to one of the other endpoints was refused. */
  | {
      type: 'request.refused'
      endpoint: RefusingEndpoint
      account: string
      clientId?: string
      code: string
      detail?: string
    }
  /** An access token was revoked by its client (`revocation: { accessTokens: true }`). */
  | { type: 'token.revoked'; account: string; clientId: string; jti: string }
  /** An issuer that is reached by http, on a host that is not loopback (`allowInsecureRequests`). */
  | { type: 'issuer.insecure'; code: 'insecure_issuer'; account: string; issuer: string }
  /** The router is mounted under a path that is not the issuer's, so that metadata names URLs where nothing is served. */
  | { type: 'mount.mismatch'; mountPath: string; issuer: string }
  | { type: 'account.opened'; account: string; issuer: string }
  | ({ type: 'key.created'; account: string; kid: string } & Origin)
  /** `kid` signs from now on, and `previous` does not any more. `by`: it was asked for, or the key had its age. */
  | ({ type: 'key.rotated'; account: string; kid: string; previous: string; by: 'call' | 'age' } & Origin)
  /** A key left the ring, and the state that it had. */
  | ({ type: 'key.deleted'; account: string; kid: string; state: KeyState; by: 'call' | 'age' } & Origin)
  | { type: 'key.encrypted'; account: string }
  | { type: 'management_client.created'; account: string; clientId: string }
  | { type: 'management_client.reset'; account: string; clientId: string }
  | { type: 'secret_use.not_recorded'; account: string; clientId: string; cause: unknown }
  | { type: 'secret_use.not_removed'; account: string; clientId: string; cause: unknown }
  | ({
      type: 'authorize.allowed'
      account: string
      clientId: string
      user: string
      audience: string
      scope: string
      grantId: string
    } & Origin)
  | ({
      type: 'authorize.denied'
      account: string
      clientId?: string
      user?: string
      audience?: string
      code: string
      detail?: string
    } & Origin)
  /** A code came twice: the grant of the first exchange was ended. */
  | { type: 'code.reused'; account: string; clientId: string; grantId: string }
  /** A refresh token came again that another one had replaced: the grant was ended (RFC 9700 §4.14.2). */
  | ({ type: 'refresh.reused'; account: string; clientId: string; grantId: string } & GrantSubject & Origin)
  | ({ type: 'grant.revoked'; account: string; clientId: string; grantId: string } & GrantSubject & Origin)
  /** A management call removed what a user has consented to. */
  | ({ type: 'consent.deleted'; account: string; clientId: string; target: string } & GrantSubject & Origin)
  /** A management call made, changed or removed an API or a client. */
  | ({ type: 'api.created' } & ResourceChange)
  | ({ type: 'api.updated' } & ResourceChange)
  | ({ type: 'api.deleted' } & ResourceChange)
  | ({ type: 'client.created' } & ResourceChange)
  | ({ type: 'client.updated' } & ResourceChange)
  | ({ type: 'client.deleted' } & ResourceChange)
  | ({ type: 'secret.created'; account: string; clientId: string; target: string } & Origin)
  | ({ type: 'secret.deleted'; account: string; clientId: string; target: string } & Origin)
  /** The management API answered 401 or 403. `scope`: what the call needed. */
  | ({
      type: 'admin.refused'
      account: string
      scope: string
      code: string
      detail?: string
    } & Origin)
  /** Records of the log that were not written: they came faster than the store took them, or it refused them. */
  | { type: 'log.dropped'; count: number; cause?: unknown }
  /** A ready-made host of users has signed somebody in. `source`: the provider's issuer, or `demo`. */
  | { type: 'user.signed_in'; account: string; source: string }
  | { type: 'user.signed_out'; account: string; source: string }
  | { type: 'sign_in.refused'; account: string; source: string; detail: SignInDetail }
  /** One of the host's functions about users threw, or answered something else than it may. */
  | { type: 'users.failed'; account: string; hook: UsersHook; cause: unknown }
  /** A limit of `rateLimits` has begun to refuse: once in a window and process, not for each request. */
  | { type: 'limit.reached'; account: string; limit: LimitName; clientId?: string; address?: string }
  | { type: 'server.error'; account?: string; cause: unknown }

/** The endpoints besides the token endpoint. */
export type RefusingEndpoint = 'revocation' | 'introspection' | 'userinfo'

/** The names of the limits. */
export type LimitName = 'clientAuthentication' | 'token' | 'authorize' | 'management'

/** The host's functions about users. */
export type UsersHook = 'authenticate' | 'loginUrl' | 'permissionsOf' | 'claimsOf' | 'consentPage'

/** What a management call has done to the API or client `target`. */
export type ResourceChange = Origin & {
  account: string
  target: string
  changes: LoggedChange[]
}

/** Whose grant or consent, and to what. */
export type GrantSubject = {
  user?: string
  audience?: string
}

export type Emit = (event: ServerEvent) => void

/**
 * The host's listener as one that disturbs nothing, whatever it throws or rejects with.
 * @param record hears the same, after it: the log
 */
export function createEmit(onEvent: Emit | undefined, record?: Emit): Emit {
  return event => {
    emit(onEvent, event)
    record?.(event)
  }
}
