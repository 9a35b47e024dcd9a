import { describeRoute } from './http-cases.js'
import './issuer.js'

const { GET } = await import('./out/fetch-handler.js')

describeRoute('fetch-handler.ts', authorization =>
  GET(new Request('https://api.example.com/users?page=1', { headers: authorization && { authorization } })),
)
