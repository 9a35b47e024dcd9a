import { expect } from 'chai'
import express5 from 'express'
import express4 from 'express4'
import request from 'supertest'
import { type AccountResolver, accountsByHost, accountsByPath } from '../../lib/authorization-server/index.js'
import { memoryStore } from './memory-store.js'
import { startServer } from './fixtures.js'

const JWKS = '/.well-known/jwks.json'
const METADATA = '/.well-known/oauth-authorization-server'

interface Row {
  description: string
  issuer?: string
  accounts?: AccountResolver
  /** Paths under which the router is mounted, from the outermost application inwards. */
  mounts: string[]
  paths: string[]
  /** What is told, in this order: `mountPath` and `issuer`. */
  told: [mountPath: string, issuer: string][]
}

const rewritten: AccountResolver = () => ({ name: 'acme', issuer: 'https://acme.example.com', mountPath: '/t/acme' })
const byHost = accountsByHost({ '127.0.0.1': { name: 'acme', issuer: 'https://id.acme.com' } })

const rows: Row[] = [
  {
    description: 'a path that the issuer has not',
    issuer: 'https://id.example.com',
    mounts: ['/auth'],
    paths: [`/auth${METADATA}`, `/auth${JWKS}`, '/auth/oauth/token'],
    told: [['/auth', 'https://id.example.com']],
  },
  {
    description: 'another path than the issuer’s',
    issuer: 'https://id.example.com/id',
    mounts: ['/auth'],
    paths: [`/auth${JWKS}`],
    told: [['/auth', 'https://id.example.com/id']],
  },
  {
    description: 'only an end of the path’s last segment',
    issuer: 'https://id.example.com/my-auth',
    mounts: ['/auth'],
    paths: [`/auth${JWKS}`],
    told: [['/auth', 'https://id.example.com/my-auth']],
  },
  {
    description: 'an application in another one',
    issuer: 'https://id.example.com/auth',
    mounts: ['/v1', '/auth'],
    paths: [`/v1/auth${JWKS}`],
    told: [['/v1/auth', 'https://id.example.com/auth']],
  },
  {
    description: 'a path with a parameter: 20 values at most',
    issuer: 'https://id.example.com',
    mounts: ['/:any'],
    paths: Array.from({ length: 25 }, (_, i) => `/p${i}${JWKS}`),
    told: Array.from({ length: 20 }, (_, i) => [`/p${i}`, 'https://id.example.com']),
  },
  {
    description: 'accounts by path, a path that the issuers have not',
    accounts: accountsByPath('https://id.example.com', ['acme', 'globex']),
    mounts: ['/auth'],
    paths: [`/auth/t/acme${JWKS}`, `/auth/t/globex${JWKS}`],
    told: [['/auth', 'https://id.example.com/t/acme']],
  },
  {
    description: 'accounts by host, a path that the issuer has not',
    accounts: byHost,
    mounts: ['/auth'],
    paths: [`/auth${JWKS}`],
    told: [['/auth', 'https://id.acme.com']],
  },
  { description: 'the root', issuer: 'https://id.example.com', mounts: ['/'], paths: [JWKS, METADATA], told: [] },
  {
    description: 'the issuer’s path',
    issuer: 'https://id.example.com/auth',
    mounts: ['/auth'],
    paths: [`/auth${JWKS}`, `/AUTH${JWKS}`],
    told: [],
  },
  {
    description: 'the issuer’s path, in applications in each other',
    issuer: 'https://id.example.com/v1/auth',
    mounts: ['/v1', '/auth'],
    paths: [`/v1/auth${JWKS}`],
    told: [],
  },
  {
    description: 'the end of the issuer’s path, behind a proxy that takes its start off',
    issuer: 'https://id.example.com/v1/auth',
    mounts: ['/auth'],
    paths: [`/auth${JWKS}`],
    told: [],
  },
  {
    description: 'the root, the issuer’s path in the URL',
    issuer: 'https://id.example.com/auth',
    mounts: ['/'],
    paths: [`/auth${JWKS}`, JWKS, `${METADATA}/auth`],
    told: [],
  },
  {
    description: 'accounts by path, under the path of their issuers',
    accounts: accountsByPath('https://id.example.com/auth', ['acme']),
    mounts: ['/auth'],
    paths: [`/auth/t/acme${JWKS}`],
    told: [],
  },
  {
    description: 'an account that the host says stands elsewhere',
    accounts: rewritten,
    mounts: ['/auth'],
    paths: [`/auth/t/acme${JWKS}`],
    told: [],
  },
  {
    description: 'a path that is not served',
    issuer: 'https://id.example.com',
    mounts: ['/auth'],
    paths: ['/auth/users'],
    told: [],
  },
]

describe('the path under which the router is mounted', () => {
  for (const [version, express] of Object.entries({ 4: express4, 5: express5 })) {
    for (const { description, mounts, paths, told, ...options } of rows) {
      const title = told.length === 0 ? 'nothing is told' : 'is told once for each path'
      it(`Express ${version}: ${description}: ${title}`, async () => {
        const { server, events } = await startServer({ ...options, store: memoryStore() })
        const app = express()
        const innermost = mounts.slice(0, -1).reduce((outer, path) => {
          const inner = express()
          outer.use(path, inner)
          return inner
        }, app)
        innermost.use(mounts.at(-1) ?? '/', server.router)
        for (const path of [...paths, ...paths]) await request(app).get(path)
        const found = events.filter(event => (event as { type: string }).type === 'mount.mismatch')
        expect(found).to.deep.equal(told.map(([mountPath, issuer]) => ({ type: 'mount.mismatch', mountPath, issuer })))
      })
    }
  }

  it('is nothing to the management API', async () => {
    const { server, events } = await startServer({ store: memoryStore() })
    await request(express5().use('/admin', server.adminRouter)).get('/admin/apis').expect(401)
    expect(events.filter(event => (event as { type: string }).type === 'mount.mismatch')).to.deep.equal([])
  })
})
