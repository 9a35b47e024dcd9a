import { runInNewContext } from 'node:vm'
import { expect } from 'chai'

const revoked = Proxy.revocable({}, {})
revoked.revoke()

/** What JavaScript lets anybody throw. To Express the first ones mean that all is well, or that the rest is to be skipped. */
export const THROWN: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  zero: 0,
  false: false,
  'an empty text': '',
  'not a number': Number.NaN,
  "the text 'route'": 'route',
  "the text 'router'": 'router',
  'a text': 'text',
  'a symbol': Symbol('thrown'),
  'a function': () => undefined,
  'an object': { status: 200 },
  'a revoked proxy': revoked.proxy,
  'an error': new Error('thrown'),
  'a frozen error': Object.freeze(new Error('thrown')),
  'an error of another realm': runInNewContext("new Error('thrown')"),
}

/** How a function comes to nothing, by the value it comes to nothing with. */
export const WAYS: Readonly<Record<string, (value: unknown) => () => unknown>> = {
  throws: value => () => {
    throw value
  },
  rejects: value => async () => {
    throw value
  },
  // As those of Bluebird and others are: a rejection that nobody takes is told to the process.
  'gives a foreign thenable that rejects': value => () => {
    const inner = Promise.reject(value)
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    return { then: inner.then.bind(inner) }
  },
  'gives a foreign thenable that throws': value => () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    then() {
      throw value
    },
  }),
  'gives what throws when it is looked at': value => () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    get then() {
      throw value
    },
  }),
}

/** Runs, and fails where a promise was left without an owner. */
export async function withoutStrays<T>(run: () => Promise<T>): Promise<T> {
  const strays: unknown[] = []
  const note = (reason: unknown): void => void strays.push(reason)
  process.on('unhandledRejection', note)
  try {
    const result = await run()
    // Node tells of a rejection when the turn is over in which nobody took it.
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
    expect(strays).to.have.length(0)
    return result
  } finally {
    process.off('unhandledRejection', note)
  }
}
