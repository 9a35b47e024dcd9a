// A program that moves from one guard to another has several of them: none may break the types of the others.
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import type { AuthInfo as McpAuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import express from 'express'
import { auth, type AuthResult } from 'express-oauth2-jwt-bearer'
import { getAuth, resourceServer } from 'scopegate'

const options = { issuer: 'https://id.example.com', audience: 'https://api.example.com' }
const { requireScope } = resourceServer(options)
const app = express()
app.get('/old', auth({ issuerBaseURL: options.issuer, audience: options.audience }), (_req, res) => {
  res.json({})
})
app.get(
  '/mcp',
  requireBearerAuth({
    verifier: {
      verifyAccessToken: async token => ({ token, clientId: '', scopes: [] }),
    },
  }),
  (_req, res) => {
    res.json({})
  },
)
app.get('/new', requireScope('read:users'), (req, res) => {
  const found = getAuth(req)
  // What is written for either goes on working.
  const forMcp: McpAuthInfo = found
  const forJwtBearer: Pick<AuthResult, 'token'> & { payload: { sub?: string } } = found
  res.json({ client: forMcp.clientId, sub: forJwtBearer.payload.sub })
})
