/** Ids of records are no secret: a test gives one where a secret belongs. */
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
