import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { CHANNELS, KINDS } from './ledger.js'
import { HANDED } from './planted/handed.js'
import { LOGGED } from './planted/logged.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SUITE = fileURLToPath(new URL('./planted/suite.ts', import.meta.url))
const MOCHA = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')

/** A run of the planted suite, with what .mocharc.json loads. */
function run(planted: string): { status: number | null; passed: number; report: string } {
  const { require: modules } = JSON.parse(readFileSync(`${ROOT}/.mocharc.json`, 'utf8')) as { require: string[] }
  const loaded = modules.flatMap(module => ['--require', module])
  const args = [MOCHA, '--no-config', '--node-option', 'import=tsx', ...loaded, '--timeout', '60000', SUITE]
  const env = { PATH: process.env['PATH'], PLANTED: planted }
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' })
  const [, passed, report = ''] = /^ +(\d+) passing([\s\S]*)$/m.exec(stdout) ?? []
  return { status, passed: Number(passed), report }
}

describe('a secret in what a run has logged', () => {
  let outcome: ReturnType<typeof run>
  let reported: string[]

  before(function plant() {
    this.timeout(120_000)
    outcome = run('leaks')
    reported = [...outcome.report.matchAll(/^ {2}(.+) \S{4}… \(\d+ characters\) in (.+)\n.*"planted (.+)"$/gm)].map(
      ([, kind, channel, test]) => `${kind} in ${channel}, ${test}`,
    )
  })

  it('fails the run', () => {
    expect(outcome.passed).to.equal(HANDED.length + LOGGED.length)
    expect(outcome.status).to.be.greaterThan(0)
  })

  for (const { kind, description } of HANDED) {
    it(`is reported: ${kind}, ${description}`, () => {
      expect(reported).to.include(`${kind} in standard error, ${kind}: ${description}`)
    })
  }

  for (const { channel, description } of LOGGED) {
    it(`is reported in ${channel}, ${description}`, () => {
      expect(reported).to.include(`access token in ${channel}, ${channel}: ${description}`)
    })
  }

  it('is reported of each kind, and in each channel', () => {
    expect(new Set(HANDED.map(({ kind }) => kind))).to.deep.equal(new Set(KINDS))
    expect(new Set(LOGGED.map(({ channel }) => channel))).to.deep.equal(new Set(CHANNELS))
  })

  it('is not shown whole by the report', () => {
    expect(outcome.report)
      .to.include('access token')
      .and.not.match(/[\w-]{40}/)
  })

  it('is not seen where there are hashes and beginnings of it alone', function plantOther() {
    this.timeout(120_000)
    const { status, passed } = run('others')
    expect({ status, passed }).to.deep.equal({ status: 0, passed: HANDED.length + LOGGED.length })
  })
})
