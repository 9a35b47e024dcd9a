import { basename } from 'node:path'

/**
 * What is not looked for, or not looked at, each with its reason. There is nothing else.
 */

/** An id of a record is no secret: a test gives one where a secret belongs. */
const RECORD_ID = /^[a-z]{3}_[0-9a-z]{26}$/

export function isPublic(value: string): boolean {
  return RECORD_ID.test(value)
}

/** `serve` and `serve --reset-management-client` print a secret that they have just made, once (docs/configuration.md). */
const MADE_CLIENT = /^(scopegate: management client: account \S+, issuer \S+, client id \S+, secret )(\S+)$/

/** Takes the secret out of such a line. @returns the rest of it, which is logged as any other line; undefined: it is none */
export function readMadeClient(line: string): { rest: string; secret: string } | undefined {
  const [, rest, secret] = MADE_CLIENT.exec(line) ?? []
  return rest === undefined || secret === undefined ? undefined : { rest, secret }
}

/**
 * Commands write to standard output what a person has asked for, tokens and new secrets too, and so do shells and `script`,
 * which shows a terminal. Whatever else a process writes there is a log.
 */
export function isShownToPerson([file = '', ...args]: readonly string[]): boolean {
  if (basename(file) === 'script') return true
  if (args.some(argument => /(?:^|\s)serve(?:\s|$)/.test(argument))) return false
  return !/^node(?:\.exe)?$/.test(basename(file)) || args.some(argument => /\bcli\/main\.[jt]s$/.test(argument))
}

/** The reporter shows titles, and a title may name the value that its test gives. */
export function withoutTitles(titles: readonly string[], text: string): string {
  return titles.reduce((rest, title) => rest.replaceAll(title, ''), text)
}
