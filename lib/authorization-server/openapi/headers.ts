import type { HeaderName } from './operation.js'
import { type JsonSchema, TEXT } from './schema.js'

/** The headers of answers, as the document describes them. */
export const HEADERS: Readonly<Record<HeaderName, { description: string; schema: JsonSchema }>> = {
  ETag: { description: 'The version of what was answered (RFC 9110 section 8.8.3).', schema: TEXT },
  Location: { description: 'Where to go on, or where what was made can be read.', schema: TEXT },
  'Retry-After': { description: 'In how many seconds to try again.', schema: { type: 'string', pattern: '^\\d+$' } },
  RateLimit: { description: 'What is left of the limit (draft-ietf-httpapi-ratelimit-headers).', schema: TEXT },
  'RateLimit-Policy': { description: 'The limit that applies, from the same draft.', schema: TEXT },
  'WWW-Authenticate': { description: 'The challenge (RFC 9110 section 11.6.1).', schema: TEXT },
  'Cache-Control': { description: 'How long the answer may be kept.', schema: TEXT },
}
