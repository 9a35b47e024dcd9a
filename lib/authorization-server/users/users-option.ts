import type { HttpRequest } from '../../http/handler.js'
import type { ApiRecord, ClientRecord } from '../../store/records.js'
import type { Account } from '../context/context.js'

/** Claims about a user, for ID token and `/userinfo` (OpenID Connect Core §5.1). Plain data. */
export type UserClaims = Readonly<Record<string, unknown>>

/** Who is signed in. */
export interface SignedInUser {
  /** The `sub` of tokens: 1–255 visible ASCII characters. */
  id: string
  /** When the user signed in, in seconds since 1970. Absent: unknown. */
  authTime?: number
  /** What ID token and `/userinfo` say where there is no `claimsOf`. 16 KB as JSON at most. */
  claims?: UserClaims
}

/** What `loginUrl` is told beside the URL to return to. */
export interface LoginQuery {
  prompt: readonly string[]
  loginHint: string | undefined
  account: Account
}

/** What `permissionsOf` is asked about. The records are shared: read only. */
export interface PermissionsQuery {
  user: string
  client: Readonly<ClientRecord>
  api: Readonly<ApiRecord>
  /** What policy and ceiling leave of what is asked. */
  scopes: readonly string[]
}

type Maybe<T> = T | PromiseLike<T>

/**
 * Who the users are: the host says so. Each function may be async. One that throws, or answers something else, is a fault:
 * the browser gets a 503 page, a client `temporarily_unavailable`, nobody a token.
 */
export interface UsersOption {
  /** Reads the host's own session: who is signed in in this browser? undefined: nobody. */
  authenticate(req: HttpRequest, account: Account): Maybe<SignedInUser | undefined>
  /**
   * Where users sign in: an absolute URL, or a path on the issuer's host. A text gets `return_to` and, where one was given,
   * `login_hint` as query parameters; a function makes the whole URL. `return_to` is an absolute URL on the issuer.
   */
  loginUrl: string | ((returnTo: string, about: LoginQuery) => Maybe<string | URL>)
  /** Which of these scopes this user may have. Default: all. */
  permissionsOf?(query: PermissionsQuery): Maybe<readonly string[]>
  /**
   * Claims for ID token and `/userinfo`. Default: the `claims` that `authenticate` gave. Standard claims are passed on where
   * their scope was granted (OpenID Connect Core §5.4), others always.
   * @param scopes those of OpenID Connect that were granted: `openid`, `profile`, `email`
   */
  claimsOf?(userId: string, scopes: readonly string[]): Maybe<UserClaims>
}
