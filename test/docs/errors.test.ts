import { expect } from 'chai'
import request from 'supertest'
import * as errors from '../../lib/errors.js'
import { blocksOf, codesIn, readPage, rowsOf, runBlock, sectionOf } from '../support/docs.js'

const page = readPage('errors.md')

type Made = Error & { status?: number; error?: string; code: string }

const classes = Object.entries(errors).flatMap(([name, value]) =>
  typeof value === 'function' && value.prototype instanceof Error
    ? [{ name, create: value as unknown as new (text: string) => Made }]
    : [],
)
const ABSTRACT = ['OAuthError', 'StoreError']

describe('docs/errors.md', () => {
  const refusals = rowsOf(sectionOf(page, '## Refusals of guards and of the token endpoint').split('### ')[0] ?? '')
  const stores = rowsOf(sectionOf(page, '## Errors of a store'))

  it('has a row for every class', () => {
    const named = [...refusals, ...stores].map(([cell = '']) => codesIn(cell)[0])
    const wanted = classes
      .map(({ name }) => name)
      .filter(name => !ABSTRACT.includes(name) && name !== 'ManagementError')
    expect(named).to.have.members(wanted)
    expect(page).to.include('`ManagementError`').and.to.include('`OAuthError`')
  })

  for (const [name = '', code = '', status, error = ''] of refusals) {
    it(`says code, status and error of ${name}`, () => {
      const { create } = classes.find(row => row.name === codesIn(name)[0]) ?? {}
      const made = create === undefined ? undefined : new create('text')
      expect(codesIn(code)).to.deep.equal([made?.code])
      expect(Number(status)).to.equal(made?.status)
      if (made?.error === undefined) expect(error).to.match(/^none/)
      else expect(codesIn(error)).to.deep.equal([made.error])
    })
  }

  it('says the codes of errors of a store, and of wrong arguments', () => {
    const made = [
      new errors.ConflictError(['a']),
      new errors.StoreUnavailableError('a'),
      new errors.StoreLockedError('a'),
      new errors.KeyRingError('a', 'b'),
    ]
    expect(stores.map(([, code = '']) => codesIn(code)[0])).to.have.members(made.map(({ code }) => code))
    const wrong = rowsOf(sectionOf(page, '## Wrong arguments')).map(([code = '']) => codesIn(code)[0])
    expect(wrong).to.have.members([errors.invalidType('a').code, errors.invalidValue('a').code])
  })

  it('says of every member whether it is enumerable', () => {
    const error = new errors.InvalidTokenError('text', { detail: 'expired', cause: new Error('a') })
    const rows = rowsOf(sectionOf(page, '### Members'))
    const enumerable = rows.flatMap(([name = '', is]) => (is === 'yes' ? codesIn(name) : []))
    const hidden = rows.flatMap(([name = '', is]) => (is === 'no' ? codesIn(name) : []))
    expect(Object.keys(error)).to.have.members(enumerable)
    expect(hidden).to.have.length.above(3)
    for (const name of hidden) expect(name in error, name).to.equal(true)
  })

  it('has an error handler that works', async () => {
    const [code = ''] = blocksOf(page)
    const told: unknown[][] = []
    const { app, issuer } = await runBlock(code, {
      names: { console: { warn: (...line: unknown[]) => told.push(line) } },
    })
    const answer = await request(app).get('/users').expect(401)
    expect(answer.body).to.deep.equal({ title: 'An access token is needed', type: 'ERR_UNAUTHENTICATED' })
    expect(answer.headers).to.include({ 'cache-control': 'no-store' }).and.have.property('www-authenticate')
    const authorization = await issuer.bearer({ scope: 'read:users' })
    await request(app).get('/users').set({ authorization }).expect(200)
    expect(told).to.deep.equal([['ERR_UNAUTHENTICATED', 'no_credential', undefined]])
  })
})
