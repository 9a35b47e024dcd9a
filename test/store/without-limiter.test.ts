import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { explain } from '../../lib/cli/serve/explain.js'
import { LIMITER_MISSING } from '../../lib/store/mongo/mongo-counters.js'

/** A hook for modules: the optional dependency cannot be found. */
const HOOK = `
  export async function resolve(name, context, next) {
    if (name === 'rate-limiter-flexible') throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
const asModule = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`
const REGISTER = `import { register } from 'node:module'; register(${JSON.stringify(asModule(HOOK))})`

const OPEN = `
  import { openMongoCounters } from './lib/store/mongo/mongo-counters.ts'
  await openMongoCounters({}, 'limits', { now: () => 0 }).catch(error => console.log(error.message))`

describe('MongoDB without rate-limiter-flexible', () => {
  it('says what is to be installed', () => {
    const args = ['--import', 'tsx', '--import', asModule(REGISTER), '--input-type=module', '-e', OPEN]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stdout, stderr).to.equal(`${LIMITER_MISSING}\n`)
  })

  it('stops serve with one line', () => {
    expect(explain(new Error(LIMITER_MISSING))).to.equal(
      'MONGODB_URI needs rate-limiter-flexible: npm install rate-limiter-flexible',
    )
  })
})
