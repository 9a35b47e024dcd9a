import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { pathOf } from '../../lib/http/request-target.js'

/** One answer, as it went over the wire. */
export interface SeenAnswer {
  method: string
  /** The request target, below the mount path; an account's own prefix may still be there. */
  target: string
  status: number
  headers: Readonly<Record<string, unknown>>
  body: string
}

interface Response {
  $ref?: string
  headers?: Record<string, unknown>
  content?: Record<string, { schema: unknown }>
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>
  components: { responses: Record<string, Response>; schemas: Record<string, unknown> }
}

/** An answer to a method that is not served, on a path that is; `OPTIONS` may be a preflight. */
const NOT_SERVED = [404, 405, 500, 503]

const FORMATS: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  uri: /^[a-z][a-z0-9+.-]*:\S+$/i,
}

const escapePointer = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))

/** The metadata paths that RFC 8414 §3.1 puts before an account's own path. */
const INSERTED = /^(\/\.well-known\/(?:oauth-authorization-server|openid-configuration))\/.*/

/** Checks answers against a document. @returns what is wrong with one; undefined: nothing */
export function createAnswerChecker(document: OpenApiDocument): (answer: SeenAnswer) => string | undefined {
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  for (const [name, pattern] of Object.entries(FORMATS)) ajv.addFormat(name, pattern)
  for (const name of formatsIn(document)) if (!(name in FORMATS)) ajv.addFormat(name, true)
  ajv.addSchema(document, 'document')
  const compiled = new Map<string, ValidateFunction>()
  // The longest first: `/clients/apis` is a client.
  const routes = Object.keys(document.paths)
    .map(path => ({ path, pattern: new RegExp(`${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`) }))
    .sort((one, other) => other.path.split('/').length - one.path.split('/').length)

  function isValid(pointer: string, value: unknown): string | undefined {
    let validate = compiled.get(pointer)
    if (validate === undefined) {
      validate = ajv.compile({ $ref: `document#${pointer}` })
      compiled.set(pointer, validate)
    }
    return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'body' })
  }

  function find(target: string): string | undefined {
    const path = pathOf(target).replace(INSERTED, '$1')
    return routes.find(({ pattern }) => pattern.test(path))?.path
  }

  function checkBody({ content }: Response, pointer: string, { headers, body }: SeenAnswer): string | undefined {
    if (content === undefined) return body === '' ? undefined : 'a body where none is documented'
    const [type = ''] = String(headers['content-type'] ?? '').split(';', 1)
    if (!Object.hasOwn(content, type)) return `Content-Type ${type}`
    if (type === 'text/html') return /^\s*</.test(body) ? undefined : 'no page'
    return isValid(`${pointer}/content/${escapePointer(type)}/schema`, JSON.parse(body))
  }

  /** What nothing in the document is about: a path or a method that is not served. */
  function checkRefusal(
    { method, status, headers, body }: SeenAnswer,
    statuses: readonly number[],
  ): string | undefined {
    if (method === 'OPTIONS' && status === 204) return body === '' ? undefined : 'a body'
    if (!statuses.includes(status)) return `the status ${status} of what is not served`
    if (method === 'HEAD' || String(headers['content-type']).startsWith('text/html')) return undefined
    const error = JSON.parse(body)
    return isValid(`/components/schemas/${'error_code' in error ? 'ManagementError' : 'OAuthError'}`, error)
  }

  return answer => {
    const { method, target, status, headers } = answer
    const path = find(target)
    const operation = path && document.paths[path]?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
    if (!path || !operation) return checkRefusal(answer, path === undefined ? [404, 500, 503] : NOT_SERVED)
    const named = operation.responses[status]
    // A page that must be seen is not served by HEAD.
    if (method === 'HEAD' && status === 405) return undefined
    if (named === undefined) return `the status ${status}`
    const own = `/paths/${escapePointer(path)}/${method === 'HEAD' ? 'get' : method.toLowerCase()}/responses/${status}`
    const pointer = named.$ref?.slice(1) ?? own
    const response =
      named.$ref === undefined ? named : (document.components.responses[named.$ref.split('/').at(-1) ?? ''] ?? {})
    const missing = Object.keys(response.headers ?? {}).filter(name => headers[name.toLowerCase()] === undefined)
    if (status < 400 && missing.length > 0) return `no header ${missing.join(', ')}`
    return method === 'HEAD' ? undefined : checkBody(response, pointer, answer)
  }
}

function formatsIn(value: unknown): Set<string> {
  const found = new Set<string>()
  JSON.stringify(value, (name, member) => {
    if (name === 'format' && typeof member === 'string') found.add(member)
    return member
  })
  return found
}
