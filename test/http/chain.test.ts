import { expect } from 'chai'
import { chain } from '../../lib/http/chain.js'
import type { Handler, HttpRequest, HttpResponse } from '../../lib/http/handler.js'

describe('chain', () => {
  const fault = new Error('a fault')
  const cases: { does: string; handlers: readonly Handler[]; ends: unknown }[] = [
    { does: 'goes on behind none', handlers: [], ends: [undefined] },
    {
      does: 'goes on behind the last',
      handlers: [(_q, _s, next) => next(), (_q, _s, next) => next()],
      ends: [undefined],
    },
    { does: 'ends with the one that answers', handlers: [(_q, _s, next) => next(), () => undefined, refuse], ends: [] },
    { does: 'hands on an error past the others', handlers: [(_q, _s, next) => next(fault), refuse], ends: [fault] },
    { does: 'hands on what is thrown', handlers: [fail, refuse], ends: [fault] },
    { does: 'hands on what is rejected', handlers: [(() => Promise.reject(fault)) as Handler, refuse], ends: [fault] },
  ]

  function fail(): never {
    throw fault
  }

  function refuse(): never {
    throw new Error('must not be called')
  }

  for (const { does, handlers, ends } of cases) {
    it(does, async () => {
      const ended: unknown[] = []
      chain(...handlers)({} as HttpRequest, {} as HttpResponse, (...told) =>
        ended.push(...(told.length === 0 ? [undefined] : told)),
      )
      await new Promise(resolve => setImmediate(resolve))
      expect(ended).to.deep.equal(ends)
    })
  }
})
