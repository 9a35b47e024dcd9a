import type { GuardDetail } from '../../details.js'

/** A check that a guard makes of a bearer token. */
export interface TokenCheck {
  name: string
  /** The details that it refuses with. */
  details: readonly GuardDetail[]
  /** The last of the checks that it is made among: it is known to hold once they are behind. Absent: itself. */
  until?: string
}

/**
 * What a guard checks of a bearer token that is presented as it should be, in its order. The first check that does not
 * hold refuses; so those before it hold, and nothing is known of those behind it.
 */
export const TOKEN_CHECKS: readonly TokenCheck[] = [
  { name: 'presentation', details: ['no_token', 'no_blank_after_scheme', 'token_characters'] },
  { name: 'parts', details: ['too_long', 'not_three_parts'] },
  // The header is decoded before the checks of it, payload and signature are behind them.
  { name: 'encoding', details: ['base64url', 'not_json', 'not_an_object'], until: 'type' },
  { name: 'algorithm', details: ['algorithm'] },
  { name: 'extensions', details: ['critical'] },
  { name: 'key id', details: ['kid'] },
  { name: 'type', details: ['type'] },
  { name: 'issuer', details: ['issuer', 'tenant'] },
  { name: 'key', details: ['keys_unavailable', 'key'] },
  { name: 'signature', details: ['signature'] },
  { name: 'kind', details: ['not_an_access_token'] },
  { name: 'expiry', details: ['exp', 'expired'] },
  { name: 'start', details: ['nbf', 'iat', 'not_yet_valid'] },
  { name: 'audience', details: ['audience'] },
  { name: 'required claims', details: ['required_claim'] },
  { name: 'claims', details: ['claim'] },
  { name: 'binding', details: ['bound_token_as_bearer'] },
  { name: 'scope', details: ['scope_malformed', 'scope_missing'] },
]

/** What a refusal says of the checks: the one that failed, and those that hold for certain. undefined: it is none of these. */
export function readRefusal(detail: string | undefined): { failed: string; held: readonly string[] } | undefined {
  const at = TOKEN_CHECKS.findIndex(({ details }) => details.some(known => known === detail))
  const failed = TOKEN_CHECKS[at]
  if (failed === undefined) return undefined
  const ends = ({ name, until = name }: TokenCheck): number => TOKEN_CHECKS.findIndex(check => check.name === until)
  return { failed: failed.name, held: TOKEN_CHECKS.filter(check => ends(check) < at).map(({ name }) => name) }
}
