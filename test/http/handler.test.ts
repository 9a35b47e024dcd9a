import { expect } from 'chai'
import { managementErrorHandler, oauthErrorHandler } from '../../lib/http/error-handler.js'
import { asError, type HttpRequest, type HttpResponse, runHandler } from '../../lib/http/handler.js'
import { THROWN, WAYS, withoutStrays } from '../support/thrown.js'

const NO_REQUEST = {} as HttpRequest
const NO_RESPONSE = {} as HttpResponse
/** Of an answer that was begun. */
const BEGUN = { headersSent: true } as HttpResponse

/** What was thrown is the error itself, or its cause. */
function expectErrorOf(error: unknown, thrown: unknown): void {
  expect(error).to.be.an('error')
  if (error !== thrown) expect(Object.is((error as Error).cause, thrown)).to.equal(true)
}

describe('handler', () => {
  for (const [thing, value] of Object.entries(THROWN)) {
    it(`makes an error of ${thing}, and keeps what is one`, () => {
      const error = asError(value)
      expectErrorOf(error, value)
      expect(asError(error)).to.equal(error)
      expect(error === value).to.equal(/\berror\b/.test(thing))
    })

    for (const [way, brokenBy] of Object.entries(WAYS)) {
      it(`hands it on as an error, once, where a handler ${way}: ${thing}`, () =>
        withoutStrays(async () => {
          const told: unknown[][] = []
          await new Promise<void>(resolve => {
            const next = (...args: unknown[]): void => {
              told.push(args)
              resolve()
            }
            runHandler(brokenBy(value), NO_REQUEST, NO_RESPONSE, next)
          })
          expect(told).to.have.length(1)
          expectErrorOf(told[0]?.[0], value)
        }))
    }

    for (const handle of [oauthErrorHandler, managementErrorHandler]) {
      it(`hands it on as an error where the answer was begun already: ${thing}`, () => {
        const told: unknown[] = []
        handle(value, NO_REQUEST, BEGUN, error => told.push(error))
        expect(told).to.have.length(1)
        expectErrorOf(told[0], value)
      })
    }
  }

  for (const outcome of [undefined, null, 1, {}, Promise.resolve('route'), JSON.parse('{"then":"route"}')]) {
    it(`takes ${JSON.stringify(outcome)} for the end of a handler that answers itself`, () =>
      withoutStrays(async () => {
        runHandler(
          () => outcome,
          NO_REQUEST,
          NO_RESPONSE,
          () => expect.fail('was called'),
        )
      }))
  }
})
