import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { GRANT_KIND } from '../../store/user-records.js'
import { oneWay } from '../context/one-way.js'

/** Bytes behind the grant's id: 256 bits of its own, and what shows that it is one of the family. */
const VALUE = 32
const TAG = 16

/** What ids of grants have behind their prefix, in characters. */
const HANDLE = 26

/** The grant's id without its prefix, and 48 bytes as base64url: each of them has one spelling. */
const REFRESH_TOKEN = /^[0-9a-z]{26}[A-Za-z0-9_-]{64}$/

/** A refresh token that was presented, taken apart; nothing of it is proven. */
export interface PresentedRefreshToken {
  text: string
  /** The grant whose family it says it is of. */
  grantId: string
  /** SHA-256 of the whole. */
  hash: string
}

/** The first token of a new family, and what is stored of it. */
export interface NewFamily {
  token: string
  stored: { family_secret: string; token_hash: string }
}

/** @returns undefined where the text is no refresh token of any family */
export function readRefreshToken(text: string): PresentedRefreshToken | undefined {
  if (!REFRESH_TOKEN.test(text)) return undefined
  return { text, grantId: GRANT_KIND.idPrefix + text.slice(0, HANDLE), hash: oneWay(text) }
}

/** @param grantId whose family it is: every token of it names the grant, whose id is no secret */
export function createFamily(grantId: string): NewFamily {
  const secret = randomBytes(32).toString('base64url')
  const token = assemble(grantId.slice(GRANT_KIND.idPrefix.length), randomBytes(VALUE), secret)
  return { token, stored: { family_secret: secret, token_hash: oneWay(token) } }
}

/**
 * The one token that replaces this one: derived from it and the family's secret, so that two callers at once get the same
 * one, and nobody can make it from what is stored.
 */
export function successorOf({ text }: PresentedRefreshToken, secret: string): string {
  return assemble(text.slice(0, HANDLE), mac(secret, 'successor', text), secret)
}

/** Was this token one of the family at some time, or is it made up by somebody who has seen one? */
export function isOfFamily({ text }: PresentedRefreshToken, secret: string): boolean {
  const bytes = Buffer.from(text.slice(HANDLE), 'base64url')
  const tag = bytes.subarray(VALUE)
  return tag.length === TAG && timingSafeEqual(tag, tagOf(text.slice(0, HANDLE), bytes.subarray(0, VALUE), secret))
}

function assemble(handle: string, value: Buffer, secret: string): string {
  return handle + Buffer.concat([value, tagOf(handle, value, secret)], VALUE + TAG).toString('base64url')
}

function tagOf(handle: string, value: Buffer, secret: string): Buffer {
  return mac(secret, `member\n${handle}`, value).subarray(0, TAG)
}

function mac(secret: string, use: string, data: string | Buffer): Buffer {
  return createHmac('sha256', secret).update(`${use}\n`).update(data).digest()
}
