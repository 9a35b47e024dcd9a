import { invalidType, invalidValue } from '../../errors.js'

/** When signing keys are rotated by themselves. */
export interface KeyRotationOption {
  /** Days that a key signs, a whole or fractional number above 0; `false`: until a rotation is asked for. Default 90. */
  maxAge?: number | false
}

/** Days. */
const DEFAULT_AGE = 90
const DAY = 86_400_000

/**
 * Reads the option `keyRotation`; `false` is short for `{ maxAge: false }`.
 * @returns milliseconds that a key signs; Infinity: it is never rotated by itself
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function parseKeyRotation(option: unknown): number {
  if (option === undefined) return DEFAULT_AGE * DAY
  if (option === false) return Number.POSITIVE_INFINITY
  if (typeof option !== 'object' || option === null || Array.isArray(option)) {
    throw invalidType('keyRotation: must be false or an object')
  }
  const { maxAge = DEFAULT_AGE, ...unknown }: { maxAge?: unknown } = option
  const [name] = Object.keys(unknown)
  if (name !== undefined) throw invalidValue(`keyRotation.${name}: is not an option`)
  if (maxAge === false) return Number.POSITIVE_INFINITY
  if (typeof maxAge !== 'number') throw invalidType('keyRotation.maxAge: must be a number or false')
  if (!Number.isFinite(maxAge) || maxAge <= 0) throw invalidValue('keyRotation.maxAge: must be days, more than 0')
  return maxAge * DAY
}
