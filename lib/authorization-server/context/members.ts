import { invalidType, invalidValue } from '../../errors.js'

/**
 * Demands an object without other members; absent: an empty one.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, naming the option
 */
export function validateMembers(
  value: unknown,
  name: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) throw invalidType(`${name}: must be false or an object`)
  const unknown = Object.keys(value).find(member => !known.includes(member))
  if (unknown !== undefined) throw invalidValue(`${name}.${unknown}: is not an option`)
  return Object.fromEntries(Object.entries(value))
}
