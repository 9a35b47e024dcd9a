import { hash } from 'node:crypto'
import { isDate } from 'node:util/types'
import type { Scalar } from '../../query/tree.js'
import type { Position } from '../port.js'

/**
 * A key: bytes in ascending order, each as one character. Texts are put together and compared for a tenth of what buffers
 * cost, and a record has a dozen keys. Parts are separated by a zero byte, which no name, account or id contains; a value
 * is escaped so that it contains none either.
 */
export type Key = string

/** Longest value that stands in an index key as it is, in bytes. What is longer is cut, and the filter decides. */
const VALUE_BYTES = 400

const SEPARATOR = '\0'
const END = '\u0001'

/** What LMDB takes. */
export function bytesOf(key: Key): Buffer {
  return Buffer.from(key, 'latin1')
}

/** Visible ASCII, which is its own UTF-8. */
const PLAIN = /^[\x20-\x7e]*$/

/** A text's bytes in UTF-8. */
function text(value: string): Key {
  return PLAIN.test(value) ? value : Buffer.from(value).toString('latin1')
}

const join = (...parts: readonly Key[]): Key => parts.join(SEPARATOR)

/** The key of a record itself. */
export function recordKey(kind: string, account: string, id: string): Key {
  return join(kind, 'r', text(account), text(id))
}

/** What the keys of all records of a kind start with, account by account. */
export function recordPrefix(kind: string): Key {
  return join(kind, 'r', '')
}

/** The first key after every record of an account. */
export function afterAccount(kind: string, account: string): Key {
  return afterPrefix(recordKey(kind, account, ''))
}

/** The key that holds a unique value; hashed, so that any length fits. */
export function uniqueKey(kind: string, account: string, field: string, value: string): Key {
  return join(kind, 'u', text(account), text(field), hash('sha256', value, 'hex'))
}

/** What every key of an index over one path starts with, a separator at its end. */
export function indexPrefix(kind: string, account: string, path: string): Key {
  return join(kind, 'i', text(account), text(path), '')
}

/** What the entries of one value of an index start with. */
export function valuePrefix(prefix: Key, value: Scalar): Key {
  return prefix + valueKey(value) + SEPARATOR
}

/** What the keys start with that hold when records expire, of every account. */
export function expiryPrefix(kind: string): Key {
  return join(kind, 'e', '')
}

export function expiryKey(kind: string, expiry: Date, account: string, id: string): Key {
  return expiryPrefix(kind) + join(valueKey(expiry), text(account), text(id))
}

/** The first key after every entry that starts with this. */
export function afterPrefix(prefix: Key): Key {
  return prefix.slice(0, -1) + END
}

const TIME = Buffer.alloc(8)

/** The end of an entry of an index: 8 bytes of inverted time, then the inverted id, so that a later record sorts before an earlier one. */
export function newestFirst({ createdAt, id }: Position): Key {
  const time = createdAt.getTime()
  const high = Math.floor(time / 0x1_0000_0000)
  TIME.writeUInt32BE(0x7fff_ffff - high, 0)
  TIME.writeUInt32BE(0xffff_ffff - (time - high * 0x1_0000_0000), 4)
  const inverted = Buffer.from(id)
  for (let at = 0; at < inverted.length; at++) inverted[at] = 0xff - (inverted[at] ?? 0)
  return `${TIME.toString('latin1')}${inverted.toString('latin1')}\u00ff`
}

/** A value as bytes in its own order: type first, so that types never mix. */
export function valueKey(value: Scalar): Key {
  if (typeof value === 'string') return `s${textKey(value)}`
  if (typeof value === 'boolean') return value ? 'b1' : 'b0'
  if (isDate(value)) return `d${numberKey(value.getTime())}`
  return `n${numberKey(value)}`
}

/** Zero bytes become 01 01, one bytes 01 02: the order stays, and the separator stays unique. */
function textKey(value: string): Key {
  const key = text(value).slice(0, VALUE_BYTES)
  return PLAIN.test(key) ? key : key.replaceAll('\u0001', '\u0001\u0002').replaceAll('\0', '\u0001\u0001')
}

const NUMBER = Buffer.alloc(8)

/** IEEE 754 in an order-preserving form, as hex, so that no byte is a separator. */
function numberKey(value: number): Key {
  NUMBER.writeDoubleBE(value === 0 ? 0 : value)
  const first = NUMBER[0] ?? 0
  if (first < 0x80) NUMBER[0] = first | 0x80
  else for (let at = 0; at < NUMBER.length; at++) NUMBER[at] = 0xff - (NUMBER[at] ?? 0)
  return NUMBER.toString('hex')
}
