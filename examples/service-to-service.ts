// A backend that calls another one: it gets a token as a client, and sends it along.
import { pathToFileURL } from 'node:url'
import express, { type Express } from 'express'
import { type TokenClientOptions, TokenUnavailableError, tokenClient } from 'scopegate/client'

/** @param usersUrl where the other backend answers */
export function createApp(options: TokenClientOptions, usersUrl: string): Express {
  const users = tokenClient({ ...options, scope: 'read:users' })

  const app = express()
  app.get('/report', async (_req, res, next) => {
    try {
      const answer = await users.fetch(usersUrl)
      if (!answer.ok) return void res.status(502).json({ error: 'bad_gateway' })
      res.json({ report: await answer.json() })
    } catch (error) {
      if (!(error instanceof TokenUnavailableError)) return next(error)
      res.status(503).set('Retry-After', String(error.retryAfter)).json({ error: 'unavailable' })
    }
  })
  return app
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const {
    ISSUER: issuer,
    CLIENT_ID: clientId,
    CLIENT_SECRET: clientSecret,
    AUDIENCE: audience,
    USERS_URL,
  } = process.env
  if (!issuer || !clientId || !clientSecret || !audience || !USERS_URL) {
    throw new Error('ISSUER, CLIENT_ID, CLIENT_SECRET, AUDIENCE and USERS_URL must be set')
  }
  createApp({ issuer, clientId, clientSecret, audience }, USERS_URL).listen(3002, '127.0.0.1')
}
