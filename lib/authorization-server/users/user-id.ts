/** What a `sub` may be: visible ASCII (OpenID Connect Core §2 allows 255 ASCII characters). */
const USER_ID = /^[\x21-\x7e]{1,255}$/

/** Can this be a user's id? */
export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && USER_ID.test(value)
}
