import { tapChildren } from './child-tap.js'
import { tapHttp } from './http-tap.js'
import { tapKeys } from './key-tap.js'
import { type Leak, ledgerOfRun } from './ledger.js'
import { tapLibrary } from './library-tap.js'
import { tapOutput } from './output-tap.js'
import { Sources } from './sources.js'

/**
 * Loaded before every run (.mocharc.json): what the run hands out and takes that is secret stands in nothing that the run
 * logs. A value that does fails the run at its end.
 */
const ledger = ledgerOfRun()
const sources = new Sources(ledger)
tapLibrary()
tapHttp(sources)
tapKeys(ledger)
tapChildren(ledger, sources)
let titles: readonly string[] = []
tapOutput(ledger, () => titles)

export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    titles = this.currentTest?.titlePath() ?? []
    ledger.begin(titles.join(' '))
  },
  afterAll(): void {
    const lines = ledger.leaks.map(describe)
    const { secrets, words, passed } = ledger.counts
    console.log(
      `  ${secrets} parts of secrets, ${words} words logged, ${lines.length} in both (${passed} too short to tell)`,
    )
    if (lines.length > 0) throw new Error(`secrets in what was logged:\n${lines.join('\n')}`)
  },
}

function describe({ kind, shown, channel, given, logged }: Leak): string {
  return `  ${kind} ${shown} in ${channel}\n    logged in or after "${logged}"\n    seen first in or after "${given}"`
}
