import type { AuthorizationServer } from '../../lib/authorization-server/index.js'
import { describeBoth, describeManagement, describePublic } from '../../lib/authorization-server/openapi-documents.js'
import { createDocument, type Described } from '../../lib/authorization-server/openapi/document.js'
import { createPublicRoutes } from '../../lib/authorization-server/public-routes.js'
import type { Handler } from '../../lib/http/handler.js'
import { createAnswerChecker, type OpenApiDocument, type SeenAnswer } from './answer-checker.js'

/** Every answer of the servers that tests make is checked against the document; what is wrong fails the run at its end. */
const faults: string[] = []
let running = 'before the first test'

// A process that a test starts has no mocha: there, what is reported is all.
if (typeof beforeEach === 'function') {
  beforeEach(function note() {
    running = this.currentTest?.fullTitle() ?? running
  })

  after(() => {
    if (faults.length > 0) throw new Error(`answers that /openapi.json does not have:\n${faults.join('\n')}`)
  })
}

type Check = (answer: SeenAnswer) => string | undefined

function checkerOf(described: Described): Check {
  const place = { issuer: 'https://id.example.com', server: '/' }
  return createAnswerChecker(JSON.parse(JSON.stringify(createDocument(described)(place))) as OpenApiDocument)
}

/** With users: what is served is the same without them, or less. Nothing is called here, only described. */
const routes = createPublicRoutes({ users: {} } as never, {} as never, { users: true })

const checks = {
  router: checkerOf(describePublic(routes)),
  adminRouter: checkerOf(describeManagement()),
  openApiRouter: checkerOf(describeBoth(routes)),
}

/** The same server, each answer of whose routers is checked. */
export function documented(server: AuthorizationServer): AuthorizationServer {
  return {
    ...server,
    router: watch(server.router, checks.router, report),
    adminRouter: watch(server.adminRouter, checks.adminRouter, report),
    openApiRouter: watch(server.openApiRouter, checks.openApiRouter, report),
  }
}

function report({ method, target, status, body }: SeenAnswer, fault: string): void {
  const line = `  ${method} ${target}: ${status} ${fault}\n    in "${running}"\n    ${body.slice(0, 300)}`
  faults.push(line)
  console.error(line)
}

/** Sees each answer of a router before it goes; what the router hands on is not its own. */
export function watch(router: Handler, check: Check, tell: (answer: SeenAnswer, fault: string) => void): Handler {
  const watched: Handler = (req, res, next) => {
    const { method = '', url: target = '' } = req
    const chunks: Buffer[] = []
    let isOwn = true
    const keep = (chunk: unknown): void => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string))
    }
    const { write, end } = res
    res.write = ((...call: unknown[]) => {
      keep(call[0])
      return Reflect.apply(write, res, call)
    }) as typeof write
    res.end = ((...call: unknown[]) => {
      keep(call[0])
      const body = Buffer.concat(chunks).toString()
      // A response that a test has made itself may have no headers to read.
      if (isOwn && typeof res.getHeaders === 'function')
        see({ method, target, status: res.statusCode, headers: res.getHeaders(), body })
      return Reflect.apply(end, res, call)
    }) as typeof end
    router(req, res, error => {
      isOwn = false
      next(error)
    })
  }

  function see(answer: SeenAnswer): void {
    const fault = check(answer)
    if (fault !== undefined) tell(answer, fault)
  }

  Object.defineProperty(watched, 'name', { value: router.name })
  return watched
}
