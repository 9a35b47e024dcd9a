import { describeRoute } from './http-cases.js'
import './issuer.js'

const { handler } = await import('./out/lambda.js')

describeRoute('lambda.ts', async authorization => {
  const event = { requestContext: { http: { method: 'GET' } }, rawPath: '/users', headers: { authorization } }
  const { statusCode, headers, body } = await handler(event)
  return new Response(body, { status: statusCode, headers })
})
