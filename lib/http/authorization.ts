const NAME = 'authorization'

/** Has a request several Authorization headers? Node keeps the first and says nothing; the raw list has them all. */
export function hasSeveralAuthorizations(rawHeaders: readonly string[]): boolean {
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === NAME.length && name.toLowerCase() === NAME) seen++
  }
  return seen > 1
}
