import { createHmac, timingSafeEqual } from 'node:crypto'

/** The name of the hidden field. */
export const ANTI_FORGERY = 'anti_forgery'

/** What a form is bound to. */
export interface Binding {
  /** The value of the cookie that binds the request to the browser: 256 random bits that only this browser has. */
  secret: string
  requestId: string
  user: string
}

/** Binds the consent form to the stored request, the browser and the user: nobody else can make it. */
export function antiForgeryValue({ secret, requestId, user }: Binding): string {
  // Neither part holds a line break.
  return createHmac('sha256', secret).update(`consent\n${requestId}\n${user}`).digest('base64url')
}

export function isAntiForgeryValue(value: string, binding: Binding): boolean {
  const expected = Buffer.from(antiForgeryValue(binding))
  const given = Buffer.from(value)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
