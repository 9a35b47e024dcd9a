import type { Clock } from '../clock.js'
import { invalidType, invalidValue } from '../errors.js'
import { assertRecord, checkList, checkNumber, checkText } from '../resource-server/options/option-checks.js'

/** Demands something of an option. @throws TypeError quoting its name */
export type Check = (value: unknown, name: string) => unknown

/** The options of one function. */
export interface OptionTable<Options extends object> {
  /** Whose options these are, for messages: `of a token`. */
  of: string
  members: { readonly [Name in keyof Options]-?: Check }
  required?: readonly (keyof Options)[]
  /** Names that people try, and the right ones. */
  meant?: Readonly<Record<string, string>>
  /** What to do where no right name is known. */
  otherwise?: string
}

/** Demands options that are all known and all of their type. @throws TypeError naming the option */
export function assertOptions<Options extends object>(
  options: unknown,
  { of, members, required = [], meant = {}, otherwise }: OptionTable<Options>,
): asserts options is Options {
  assertRecord(options, 'options')
  const unknown = Object.keys(options).find(name => !Object.hasOwn(members, name))
  if (unknown !== undefined) {
    const right = Object.hasOwn(meant, unknown) ? `use ${meant[unknown]}` : otherwise
    throw invalidValue(`unknown option ${JSON.stringify(unknown)} ${of}${right === undefined ? '' : `: ${right}`}`)
  }
  for (const [name, check] of Object.entries<Check>(members)) {
    const value = options[name]
    if (value !== undefined || required.some(member => member === name)) check(value, name)
  }
}

/** Demands a text, which may be empty. */
export const checkString: Check = (value, name) => {
  if (typeof value !== 'string') throw invalidType(`option ${name} must be a string`)
}

/** Demands a list of texts. */
export const checkStrings: Check = (value, name) => checkList(value, name, checkString)

/** Demands true or false. */
export const checkBoolean: Check = (value, name) => {
  if (typeof value !== 'boolean') throw invalidType(`option ${name} must be true or false`)
}

/** Demands a {@link Clock}. */
export const checkClock: Check = (value, name) => {
  const { now } = Object(value) as Partial<Clock>
  if (typeof now !== 'function') throw invalidType(`option ${name} must be an object with now()`)
}

/** Demands a finite number. */
export const checkFinite: Check = (value, name) => {
  const { MIN_SAFE_INTEGER: min, MAX_SAFE_INTEGER: max } = Number
  return checkNumber(value, name, { min, max, fallback: 0 }, false)
}

/** Demands an object: what it holds is put in a token as it is. */
export const checkObject: Check = (value, name) => assertRecord(value, name)

/** Demands an absolute URL of any kind. */
export const checkAbsolute: Check = (value, name) => {
  if (!URL.canParse(checkText(value, name))) throw invalidValue(`option ${name} must be an absolute URL`)
}
