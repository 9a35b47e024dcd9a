import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SUITE = fileURLToPath(new URL('./rejecting.ts', import.meta.url))
const MOCHA = createRequire(import.meta.url).resolve('mocha/bin/mocha.js')

/** A run of one suite, with what .mocharc.json loads. */
function run(moment: string): { status: number | null; output: string } {
  const { require: modules } = JSON.parse(readFileSync(`${ROOT}/.mocharc.json`, 'utf8')) as { require: string[] }
  const args = [
    '--no-config',
    '--node-option',
    'import=tsx',
    ...modules.flatMap(module => ['--require', module]),
    SUITE,
  ]
  const env = { PATH: process.env['PATH'], REJECT: moment }
  const { status, stdout, stderr } = spawnSync(process.execPath, [MOCHA, ...args], { cwd: ROOT, env, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

describe('a promise without an owner', () => {
  const moments = [
    'while loading',
    'in a test',
    'after its test',
    'in a hook',
    'after the last test',
    'after the run',
    'at the very end',
  ]
  for (const moment of moments) {
    it(`fails the run when it is rejected ${moment}`, () => {
      const { status, output } = run(moment)
      expect(output).to.include(`stray, ${moment}`)
      expect(output).to.match(/2 passing/)
      expect(status).to.be.greaterThan(0)
    })
  }

  it('is not seen where there is none', () => {
    const { status, output } = run('never')
    expect(output).not.to.include('stray')
    expect(status).to.equal(0)
  })
})
