/**
 * Every `detail` of a refusal: which rule refused. They stand in events and on errors, never in an answer, and are stable.
 * What each means, and what to do about it, stands in docs/troubleshooting.md.
 */

/** Why a guard refuses. */
export const GUARD_DETAILS = [
  // The request is malformed.
  'several_authorization_headers',
  'credential_in_header_and_form',
  'no_token',
  'no_blank_after_scheme',
  'form_token_not_text',
  'token_characters',
  // Nobody says who calls.
  'no_credential',
  'other_scheme',
  // The token cannot be read, or is of another kind.
  'too_long',
  'not_three_parts',
  'base64url',
  'not_json',
  'not_an_object',
  'algorithm',
  'critical',
  'kid',
  'type',
  'not_an_access_token',
  // The token is not one of a configured issuer.
  'issuer',
  'tenant',
  'key',
  'signature',
  // The token's claims.
  'exp',
  'expired',
  'nbf',
  'iat',
  'not_yet_valid',
  'audience',
  'required_claim',
  'claim',
  'revoked',
  'inactive',
  'client_deleted',
  'authorization_ended',
  'api_deleted',
  // Proof of possession.
  'bound_token_as_bearer',
  'dpop_required',
  'dpop_unbound_token',
  'dpop_binding',
  'dpop_absent',
  'dpop_repeated',
  'dpop_too_long',
  'dpop_not_three_parts',
  'dpop_base64url',
  'dpop_not_json',
  'dpop_not_an_object',
  'dpop_type',
  'dpop_algorithm',
  'dpop_critical',
  'dpop_key',
  'dpop_key_not_an_object',
  'dpop_key_key_type',
  'dpop_key_use',
  'dpop_key_key_ops',
  'dpop_key_alg',
  'dpop_key_kid',
  'dpop_key_private',
  'dpop_key_weak',
  'dpop_key_corrupt',
  'dpop_signature',
  'dpop_jti',
  'dpop_htm',
  'dpop_htu',
  'dpop_ath',
  'dpop_iat',
  'dpop_replayed',
  'dpop_nonce',
  // The token is good, and not for this.
  'scope_missing',
  'scope_malformed',
  'claims_mismatch',
  'claims_check_failed',
  // It could not be found out.
  'keys_unavailable',
  'revocation_unknown',
  'introspection_failed',
  'replay_store_failed',
  'store_unavailable',
] as const

/** Why the token endpoint refuses. */
export const TOKEN_ENDPOINT_DETAILS = [
  // The request.
  'method',
  'content_type',
  'body_too_large',
  'body_encoded',
  'body_aborted',
  'body_late',
  'body_consumed',
  'body_incomplete',
  'body_not_utf8',
  'body_percent_encoding',
  'body_not_json',
  'body_not_an_object',
  'misspelt_parameter',
  'parameter_not_text',
  'repeated_parameter',
  // The client.
  'several_client_authentications',
  'two_client_ids',
  'no_client_authentication',
  'not_basic',
  'basic_unreadable',
  'unknown_client',
  'missing_secret',
  'wrong_secret',
  'expired_secret',
  'too_many_failures',
  'too_many_requests',
  // The grant.
  'no_grant_type',
  'unknown_grant_type',
  'grant_type_not_registered',
  'public_client',
  'no_code',
  'unknown_code',
  'other_clients_code',
  'redirect_uri_mismatch',
  'code_verifier_mismatch',
  'expired_code',
  'used_code',
  'no_refresh_token',
  'unknown_refresh_token',
  'other_clients_refresh_token',
  'reused_refresh_token',
  // What it stands for.
  'grant_ended',
  'consent_removed',
  'api_removed',
  'api_grant_removed',
  'offline_access_not_allowed',
  'no_permission_left',

  // What is asked for.
  'no_audience',
  'audience_and_resource',
  'audience_not_granted',
  'outside_api_grants',
  'unknown_api',
  'scope_grammar',
  'scope_not_granted',
  'empty_api_grant',
  'no_scope_left',
  // It could not be found out.
  'users_failed',
] as const

/** Why `/authorize` refuses, beside the reasons that it shares with the token endpoint. */
export const AUTHORIZE_DETAILS = [
  // Who asks, and where the answer goes.
  'no_sign_in',
  'query_too_large',
  'no_client_id',
  'no_redirect_uri',
  'unregistered_redirect_uri',
  // The request.
  'undecodable',
  'no_response_type',
  'response_type',
  'response_mode',
  'no_code_challenge',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'request_object',
  // The user.
  'sign_in_required',
  'sign_in_failed',
  'consent_required',
  'no_permission_left',
  'user_denied',
  'nothing_ticked',
  // The page.
  'unknown_request',
  'other_browser',
  'client_changed',
  'signed_out',
  'anti_forgery',
  'no_decision',
] as const

/** Why revocation and introspection refuse, besides what the token endpoint refuses of a request and of a client. */
export const TOKEN_QUESTION_DETAILS = ['no_token_parameter', 'access_token_not_revocable'] as const

/** Why a sign-in at `scopegate/users` is refused. */
export const SIGN_IN_DETAILS = [
  // The browser.
  'sign_in_unknown',
  'sign_in_browser',
  'foreign_form',
  // The provider.
  'provider_unavailable',
  'provider_refused',
  'provider_response',
  'provider_user_id',
  'provider_auth_time',
] as const

export type GuardDetail = (typeof GUARD_DETAILS)[number]
export type TokenEndpointDetail = (typeof TOKEN_ENDPOINT_DETAILS)[number]
export type AuthorizeDetail = (typeof AUTHORIZE_DETAILS)[number]
export type TokenQuestionDetail = (typeof TOKEN_QUESTION_DETAILS)[number]
export type SignInDetail = (typeof SIGN_IN_DETAILS)[number]

/** Which rule refused. */
export type Detail = GuardDetail | TokenEndpointDetail | AuthorizeDetail | TokenQuestionDetail | SignInDetail
