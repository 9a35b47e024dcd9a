import { invalidType, invalidValue } from '../errors.js'

/**
 * Demands an object without other members: a misspelt one would switch something off in silence.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`
 */
export function assertOptions(options: unknown, name: string, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw invalidType(`${name}: options must be an object`)
  const unknown = Object.keys(options).find(member => !known.includes(member))
  if (unknown !== undefined) throw invalidValue(`${name}: ${unknown} is not an option`)
}
