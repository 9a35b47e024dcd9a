import { mock } from 'node:test'
import { expect } from 'chai'
import { createVerifier } from '../../lib/index.js'
import { testIssuer } from '../../lib/testing/index.js'

const AUDIENCE = 'https://api.example.com'

/** Timers that never go off, as test runners put in the place of the real ones. */
const fakes: { description: string; install: () => () => void }[] = [
  { description: 'timers that are numbers, and a clock that stands', install: () => installNumbers(Date.now()) },
  { description: 'timers that are numbers, and a clock that stands at 0', install: () => installNumbers(0) },
  {
    description: 'the timers of node:test',
    install() {
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: Date.now() })
      return () => mock.timers.reset()
    },
  },
]

function installNumbers(now: number): () => void {
  const real = {
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    setImmediate,
    clearImmediate,
    queueMicrotask,
    Date,
  }
  let id = 0
  const fake = () => ++id
  const still = class extends Date {
    static override now = () => now
  }
  Object.assign(globalThis, {
    setTimeout: fake,
    setInterval: fake,
    setImmediate: fake,
    clearTimeout: fake,
    clearInterval: fake,
    clearImmediate: fake,
    queueMicrotask: fake,
    Date: still,
  })
  return () => Object.assign(globalThis, real)
}

describe('with fake timers', () => {
  for (const { description, install } of fakes) {
    it(`verifies and refuses: ${description}`, async () => {
      const issuer = await testIssuer({ audience: AUDIENCE })
      const verifier = createVerifier(issuer.resourceServerOptions)
      const uninstall = install()
      try {
        for (let i = 0; i < 3; i++) {
          const token = await issuer.token({ subject: 'ada' })
          expect((await verifier.verify(token)).payload.sub).to.equal('ada')
          expect((await verifier.verify(token)).payload.sub).to.equal('ada')
          await issuer.rotate({ keep: false })
          expect(await refusalOf(verifier.verify, token)).to.equal('ERR_INVALID_TOKEN')
        }
        expect(await refusalOf(verifier.verify, await issuer.token({ expiresIn: -60 }))).to.equal('ERR_INVALID_TOKEN')
      } finally {
        uninstall()
      }
    })

    for (const mode of ['hang', 'drip'] as const) {
      it(`waits no longer than it may for keys that do not come (${mode}): ${description}`, async () => {
        const issuer = await testIssuer({ audience: AUDIENCE })
        issuer.fail(mode)
        const verifier = createVerifier({ ...issuer.resourceServerOptions, keySet: { timeoutDuration: 20 } })
        const uninstall = install()
        try {
          expect(await refusalOf(verifier.verify, await issuer.token())).to.equal('ERR_TEMPORARILY_UNAVAILABLE')
        } finally {
          uninstall()
        }
      })
    }
  }
})

async function refusalOf(verify: (token: string) => unknown, token: string): Promise<unknown> {
  try {
    await verify(token)
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'accepted'
}
