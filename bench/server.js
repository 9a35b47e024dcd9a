import express from 'express'
import { createBareGuard, guards } from './guards.js'

/** A child process: one route, guarded by the guard named on the command line, or unprotected. */
const [name, issuerJson] = process.argv.slice(2)
const issuer = JSON.parse(issuerJson)
const app = express().disable('x-powered-by')
const routes = { unprotected: () => [], 'bare crypto.verify': issuer => [createBareGuard(issuer)] }
const handlers = routes[name]?.(issuer) ?? [guards[name](issuer)]
app.get('/users', ...handlers, (_req, res) => {
  res.json({ users: [] })
})
const server = app.listen(0, '127.0.0.1', () => {
  process.send({ url: `http://127.0.0.1:${server.address().port}/users` })
})
process.on('message', () => process.send({ cpu: process.cpuUsage() }))
process.on('disconnect', () => process.exit(0))
