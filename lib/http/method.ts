import { RequestMethodError } from '../errors.js'
import type { HttpRequest } from './handler.js'

/** @throws RequestMethodError naming those that are served */
export function assertMethod(
  { method = '' }: HttpRequest,
  allowed: readonly string[],
  description = 'The method is not served here.',
): void {
  if (allowed.includes(method)) return
  throw new RequestMethodError(description, { detail: 'method', headers: { Allow: allowed.join(', ') } })
}
