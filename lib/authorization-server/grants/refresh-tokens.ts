import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { oneWay } from '../context/one-way.js'

/** Bytes of the parts of a refresh token: which family, 256 bits of its own, and what shows that it is one of the family. */
const HANDLE = 16
const VALUE = 32
const TAG = 16
const LENGTH = HANDLE + VALUE + TAG

/** 64 bytes, base64url, leave two stray bits: the last character is one of four. */
const REFRESH_TOKEN = /^[A-Za-z0-9_-]{85}[AQgw]$/

/** A refresh token that was presented, taken apart; nothing of it is proven. */
export interface PresentedRefreshToken {
  text: string
  /** SHA-256 of what all tokens of its family begin with: by it the grant is found. */
  family: string
  /** SHA-256 of the whole. */
  hash: string
}

/** The first token of a new family, and what is stored of it. */
export interface NewFamily {
  token: string
  stored: { family: string; family_secret: string; token_hash: string }
}

/** @returns undefined where the text is no refresh token of any family */
export function readRefreshToken(text: string): PresentedRefreshToken | undefined {
  if (!REFRESH_TOKEN.test(text)) return undefined
  const handle = Buffer.from(text, 'base64url').subarray(0, HANDLE)
  return { text, family: oneWay(handle.toString('base64url')), hash: oneWay(text) }
}

export function createFamily(): NewFamily {
  const handle = randomBytes(HANDLE)
  const secret = randomBytes(32).toString('base64url')
  const token = assemble(handle, randomBytes(VALUE), secret)
  const family = oneWay(handle.toString('base64url'))
  return { token, stored: { family, family_secret: secret, token_hash: oneWay(token) } }
}

/**
 * The one token that replaces this one: derived from it and the family's secret, so that two callers at once get the same
 * one, and nobody can make it from what is stored.
 */
export function successorOf({ text }: PresentedRefreshToken, secret: string): string {
  const handle = Buffer.from(text, 'base64url').subarray(0, HANDLE)
  return assemble(handle, mac(secret, 'successor', text), secret)
}

/** Was this token one of the family at some time, or is it made up by somebody who has seen one? */
export function isOfFamily({ text }: PresentedRefreshToken, secret: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  const tag = bytes.subarray(HANDLE + VALUE)
  return tag.length === TAG && timingSafeEqual(tag, tagOf(bytes.subarray(0, HANDLE + VALUE), secret))
}

function assemble(handle: Buffer, value: Buffer, secret: string): string {
  const body = Buffer.concat([handle, value], LENGTH - TAG)
  return Buffer.concat([body, tagOf(body, secret)], LENGTH).toString('base64url')
}

function tagOf(body: Buffer, secret: string): Buffer {
  return mac(secret, 'member', body).subarray(0, TAG)
}

function mac(secret: string, use: string, data: string | Buffer): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'base64url')).update(`${use}\n`).update(data).digest()
}
