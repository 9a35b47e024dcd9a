import { invalidType } from '../errors.js'

/**
 * Refuses to be a middleware. `app.get('/', requireAuth, …)` hands the factory itself to Express, which calls it with a
 * request, gets a guard that nobody calls, and never answers. What is thrown here is answered at once.
 *
 * @param call what the function was called with
 * @param name how it is written in the host's code
 * @param advice what to do instead
 * @throws TypeError `ERR_INVALID_ARG_TYPE`
 */
export function refuseAsMiddleware(
  call: readonly unknown[],
  name: string,
  advice = `call it where the route is built: ${name}(…)`,
): void {
  const [req, res] = call
  if (has(req, 'headers') && has(res, 'setHeader')) throw invalidType(`${name} is not a middleware; ${advice}`)
}

/** The same, of functions that answer nobody. */
export const CALL_IN_HANDLER = 'call it in a handler that answers'

function has(value: unknown, member: string): boolean {
  return typeof value === 'object' && value !== null && member in value
}
