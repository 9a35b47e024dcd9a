import { expect } from 'chai'
import express, { type ErrorRequestHandler } from 'express'
import request from 'supertest'
import * as errors from '../lib/errors.js'
import { sources } from './support/sources.js'

/** What `error_description` may hold (RFC 6749 §5.2, RFC 6750 §3). */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/

type OAuthErrorClass = new (description: string, more?: errors.ErrorDetail) => errors.OAuthError

const isClass = (value: unknown): value is new (...args: never) => Error =>
  typeof value === 'function' && value.prototype instanceof Error
const isOAuth = (value: unknown): value is OAuthErrorClass =>
  isClass(value) && value.prototype instanceof errors.OAuthError

/** The error classes that can be made. */
const OAUTH = Object.entries(errors).flatMap(([name, value]) => (isOAuth(value) ? [{ name, create: value }] : []))

/** One of each class, with all that only this process is to know of. */
const SECRET = 's3cr3t'
const instances: { name: string; error: Error; enumerable: string[] }[] = [
  ...OAUTH.map(({ name, create }) => {
    const error = new create('Public text', {
      detail: `${SECRET}_detail`,
      cause: new Error(SECRET),
      headers: { A: 'b' },
    })
    error.refusedToken = { issuer: SECRET, kid: SECRET }
    return { name, error, enumerable: ['status', 'statusCode', 'error', 'code', 'headers', 'expose'] }
  }),
  {
    name: 'ManagementError',
    error: new errors.ManagementError('not_found', 'Public text', { cause: new Error(SECRET) }),
    enumerable: ['status', 'statusCode', 'errorCode', 'details', 'headers', 'expose'],
  },
  {
    name: 'ConflictError',
    error: new errors.ConflictError(['slug'], new Error(SECRET)),
    enumerable: ['code', 'fields'],
  },
  {
    name: 'StoreUnavailableError',
    error: new errors.StoreUnavailableError('Public text', new Error(SECRET)),
    enumerable: ['code'],
  },
  {
    name: 'StoreLockedError',
    error: new errors.StoreLockedError('Public text', new Error(SECRET)),
    enumerable: ['code'],
  },
  { name: 'KeyRingError', error: new errors.KeyRingError('acme', 'a key is missing'), enumerable: ['code'] },
]

describe('errors', () => {
  it('are looked at one and all', () => {
    const made = Object.entries(errors).filter(([, value]) => isClass(value))
    const abstract = ['OAuthError', 'StoreError']
    expect(instances.map(({ name }) => name)).to.have.members(
      made.map(([name]) => name).filter(name => !abstract.includes(name)),
    )
  })

  for (const { name, error, enumerable } of instances) {
    it(`${name} shows what is public, and nothing else, to whatever serializes it`, async () => {
      expect(Object.keys(error)).to.have.members(enumerable)
      expect(JSON.stringify(error)).not.to.include(SECRET)
      expect(JSON.stringify({ ...error })).not.to.include(SECRET)
      const app = express().get('/', (_req, _res, next) => next(error))
      app.use(((caught, _req, res, _next) => {
        res.json(caught)
      }) as ErrorRequestHandler)
      const { text } = await request(app).get('/')
      expect(text).not.to.include(SECRET)
      for (const hidden of ['name', 'message', 'stack', 'cause', 'detail', 'refusedToken']) {
        expect(JSON.parse(text)).not.to.have.property(hidden)
      }
    })

    it(`${name} has what is not public where it is asked for by name`, () => {
      expect(error.name).to.equal(name)
      // What is wrong with a key ring is said in full: nothing is quoted.
      if (!(error instanceof errors.KeyRingError)) {
        expect(error.cause).to.be.an('error').with.property('message', SECRET)
      }
      expect(String(error)).to.include(name)
      if (!(error instanceof errors.OAuthError)) return
      expect(error.detail).to.equal(`${SECRET}_detail`)
      expect(error.refusedToken).to.deep.equal({ issuer: SECRET, kid: SECRET })
    })
  }

  for (const { name, create } of OAUTH) {
    it(`${name} has its status by both names, and answers with it under Express's own handler`, async () => {
      const error = new create('Public text', { headers: { 'X-Told': 'yes' } })
      expect(error.statusCode).to.equal(error.status).and.to.be.within(400, 599)
      const app = express().set('env', 'test')
      app.get('/', (_req, _res, next) => next(error))
      const answer = await request(app).get('/').expect(error.status)
      expect(answer.headers['x-told']).to.equal('yes')
    })

    it(`${name} describes itself in the characters of RFC 6749 §5.2, whoever wrote the text`, () => {
      for (let from = 0; from < 0x300; from += 64) {
        const text = String.fromCharCode(...Array.from({ length: 64 }, (_, i) => from + i))
        expect(new create(text).message).to.match(DESCRIPTION)
      }
      expect(new create('§ 5.2 says "no" \\ \ud83d \u{1f511}\r\n').message).to.match(DESCRIPTION)
      expect(new create('a plain "text"').message).to.equal("a plain 'text'")
    })
  }

  it('of the sources are described in the characters of RFC 6749 §5.2', () => {
    const classes = [...OAUTH.map(({ name }) => name), 'ManagementError'].join('|')
    const thrown = new RegExp(`(?:new (?:${classes})|\\binvalid)\\(\\s*(['"\`])(.*?)\\1[,)\\s]`, 'g')
    const made = sources.flatMap(({ file, text }) =>
      [...text.matchAll(thrown)].map(([, , described]) => ({ file, described })),
    )
    const described = [...made, ...describedElsewhere()]
    expect(described).to.have.length.above(50)
    for (const { file, described: text } of described) expect(text, file).to.match(DESCRIPTION)
  })

  it('have the codes of the union, each class its own', () => {
    const source = sources.find(({ file }) => file === 'errors.ts')?.text ?? ''
    const [, union = ''] = /export type ErrorCode =([\s\S]*?)\n\n/.exec(source) ?? []
    const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code)
    const made = instances.flatMap(({ error }) => ('code' in error ? [String(error.code)] : []))
    const thrown = [errors.invalidType('x').code, errors.invalidValue('x').code]
    expect(new Set(made)).to.have.property('size', made.length)
    expect([...made, ...thrown]).to.have.members(codes)
  })
})

/** Texts of answers and challenges that are constants, or stand in an answer that no error makes. */
function describedElsewhere(): { file: string; described: string }[] {
  const constant =
    /(?:error_description(?: =|:)|const (?:DESCRIPTION|FAILED|INVALID_TOKEN|NO_SCOPE|NOT_ALLOWED) =) '([^']+)'/g
  return sources.flatMap(({ file, text }) =>
    [...text.matchAll(constant)].map(([, described = '']) => ({ file, described })),
  )
}
