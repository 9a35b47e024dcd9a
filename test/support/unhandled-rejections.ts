import { format } from 'node:util'

/**
 * Loaded before every run (.mocharc.json): a promise that is rejected and has no owner fails the run, whenever it is
 * rejected. Mocha itself hears of one and lets it pass.
 */
const reasons: string[] = []
let running = 'before the first test'

process.on('unhandledRejection', reason => {
  reasons.push(`${running}: ${format(reason)}`)
  console.error(`\nunhandled rejection, ${reasons.at(-1)}`)
  process.once('exit', fail)
})

/** Mocha sets the exit code when the process ends: whoever comes last decides. */
process.once('beforeExit', () => process.once('exit', fail))

function fail(): void {
  if (reasons.length > 0) process.exitCode = 1
}

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    running = `in or after "${this.currentTest?.fullTitle()}"`
  },
  async afterAll(): Promise<void> {
    await new Promise(setImmediate)
    if (reasons.length > 0) throw new Error(`unhandled rejections:\n${reasons.join('\n')}`)
  },
}
