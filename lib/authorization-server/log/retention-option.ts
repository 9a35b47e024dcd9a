import { invalidType, invalidValue } from '../../errors.js'

/** Days for which the log is kept where nothing else is said. */
const DEFAULT_RETENTION = 30

/** Ten years. */
const MAX_RETENTION = 3_653

/** Is this a number of days for which the log can be kept? */
export function isRetention(days: number): boolean {
  return Number.isSafeInteger(days) && days >= 0 && days <= MAX_RETENTION
}

/**
 * Reads the option `logRetention`: whole days, 0 to 3 653, default 30; 0: there is no log.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function validateLogRetention(days: unknown = DEFAULT_RETENTION): number {
  if (typeof days !== 'number') throw invalidType('logRetention: must be a number')
  if (!isRetention(days)) throw invalidValue(`logRetention: must be whole days, 0 to ${MAX_RETENTION}`)
  return days
}
