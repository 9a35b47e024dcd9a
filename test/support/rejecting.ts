/** A suite that leaves a promise without an owner at one moment; `unhandled-rejections.test.ts` runs it. */
const moment = process.env['REJECT']
const reject = (): void => void Promise.reject(new Error(`stray, ${moment}`))

if (moment === 'while loading') reject()

describe('a suite', () => {
  it('has a test', async () => {
    if (moment === 'in a test') reject()
    if (moment === 'after its test') setImmediate(reject)
  })
  it('has another test', () => {})
  after(() => {
    if (moment === 'in a hook') reject()
    if (moment === 'after the last test') setImmediate(() => setImmediate(reject))
    if (moment === 'after the run') setTimeout(reject, 50)
  })
})

if (moment === 'at the very end') process.once('beforeExit', reject)
