import { createHash } from 'node:crypto'
import { isDate } from 'node:util/types'
import type { Scalar } from '../../query/tree.js'
import type { Position } from '../port.js'

/** Longest value that stands in an index key as it is, in bytes. What is longer is cut, and the filter decides. */
const VALUE_BYTES = 400

/**
 * Keys are bytes in ascending order. Parts are separated by a zero byte, which no name, account or id contains;
 * a value is escaped so that it contains none either.
 */
const SEPARATOR = Buffer.from([0])
const END = Buffer.from([1])

const join = (...parts: readonly Buffer[]): Buffer =>
  Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [SEPARATOR, part])))

const text = (value: string): Buffer => Buffer.from(value)

/** The key of a record itself. */
export function recordKey(kind: string, account: string, id: string): Buffer {
  return join(text(kind), text('r'), text(account), text(id))
}

/** The key that holds a unique value; hashed, so that any length fits. */
export function uniqueKey(kind: string, account: string, field: string, value: string): Buffer {
  const hash = createHash('sha256').update(value).digest('hex')
  return join(text(kind), text('u'), text(account), text(field), text(hash))
}

/** What every key of an index over one path starts with, a separator at its end. */
export function indexPrefix(kind: string, account: string, path: string): Buffer {
  return Buffer.concat([join(text(kind), text('i'), text(account), text(path)), SEPARATOR])
}

/** What the entries of one value of an index start with. */
export function valuePrefix(prefix: Buffer, value: Scalar): Buffer {
  return Buffer.concat([prefix, valueBytes(value), SEPARATOR])
}

/** One entry of an index, or of one value of it: newest first. */
export function indexKey(prefix: Buffer, position: Position): Buffer {
  return Buffer.concat([prefix, newestFirst(position)])
}

/** What the keys start with that hold when records expire, of every account. */
export function expiryPrefix(kind: string): Buffer {
  return Buffer.concat([join(text(kind), text('e')), SEPARATOR])
}

export function expiryKey(kind: string, expiry: Date, account: string, id: string): Buffer {
  return Buffer.concat([expiryPrefix(kind), join(valueBytes(expiry), text(account), text(id))])
}

/** The first key after every entry that starts with this. */
export function afterPrefix(prefix: Buffer): Buffer {
  return Buffer.concat([prefix.subarray(0, -1), END])
}

/** 8 bytes of inverted time, then the inverted id: a later record sorts before an earlier one. */
export function newestFirst({ createdAt, id }: Position): Buffer {
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(0xffff_ffff_ffff_ffffn - (BigInt(createdAt.getTime()) + 0x8000_0000_0000_0000n))
  const inverted = Buffer.from(id).map(byte => 0xff - byte)
  return Buffer.concat([time, inverted, Buffer.from([0xff])])
}

/** A value as bytes in its own order: type first, so that types never mix. */
export function valueBytes(value: Scalar): Buffer {
  if (typeof value === 'string') return tagged('s', escapeBytes(Buffer.from(value).subarray(0, VALUE_BYTES)))
  if (typeof value === 'boolean') return tagged('b', text(value ? '1' : '0'))
  if (isDate(value)) return tagged('d', numberBytes(value.getTime()))
  return tagged('n', numberBytes(value))
}

function tagged(tag: string, bytes: Buffer): Buffer {
  return Buffer.concat([text(tag), bytes])
}

/** Zero bytes become 01 01, one bytes 01 02: the order stays, and the separator stays unique. */
function escapeBytes(bytes: Buffer): Buffer {
  if (!bytes.includes(0) && !bytes.includes(1)) return bytes
  return Buffer.from([...bytes].flatMap(byte => (byte > 1 ? [byte] : [1, byte + 1])))
}

/** IEEE 754 in an order-preserving form, as hex, so that no byte is a separator. */
function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value === 0 ? 0 : value)
  const negative = (bytes[0] ?? 0) >= 0x80
  const ordered = bytes.map((byte, i) => (negative ? 0xff - byte : i === 0 ? byte | 0x80 : byte))
  return text(Buffer.from(ordered).toString('hex'))
}
