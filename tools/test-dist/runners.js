// The test runners of docs/testing.md, by the very blocks of that page, on the installed package.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPage } from './page.js'
import { check, install, root, run } from './run.js'

/** Those that run on Node 20. */
const RUNNING = ['mocha@12', 'sinon', 'jest@30', 'ts-jest@29', 'vitest@4']
const PACKAGES = ['express@5', 'lmdb@3', 'supertest@7', 'typescript@5', ...RUNNING]
const TYPES = ['@types/node@20', '@types/express@5', '@types/supertest', '@types/jest@30']

/** Where the page has the application and the tests that run as ES modules under every runner. */
const SHARED = ['Testing protected routes', 'Guards at module level']

/**
 * Sections of the page, and how many tests must pass in each: with fake timers, where the page has these, once more.
 * `more`: a file of `globals/` beside them.
 */
const RUNNERS = [
  { title: 'node:test', shared: true, tests: 6 },
  { title: 'Mocha', shared: true, tests: 6 },
  { title: 'Vitest', shared: true, tests: 6 },
  { title: 'Jest, ES modules', shared: true, tests: 6 },
  { title: 'Jest, CommonJS', more: 'claims.test.js', tests: 4 },
  { title: 'ts-jest', tests: 1 },
  { title: 'Jest, CommonJS, with scopegate/server', more: 'store.test.js', tests: 2 },
]

export async function installRunners(scratch, tarball) {
  const folder = join(scratch, 'runners')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  await install(folder, tarball, ...PACKAGES, ...TYPES)
  return folder
}

export async function checkRunners(folder) {
  const page = readPage(readFileSync(join(root, 'docs', 'testing.md'), 'utf8'))
  for (const runner of RUNNERS) {
    const timers = fakeTimersOf(page, runner.title) === undefined ? '' : ', and under fake timers'
    await check(`${runner.title}: the tests of docs/testing.md${timers}`, () => checkRunner(folder, page, runner))
  }
}

async function checkRunner(parent, page, { title, shared = false, more, tests }) {
  const folder = join(parent, title.replaceAll(/\W+/g, '-'))
  const blocks = [...(shared ? SHARED.flatMap(name => page.get(name)) : []), ...page.get(title)]
  const command = blocks.find(({ language }) => language === 'sh').code
  const header = blocks.find(({ language, label }) => language === 'js' && label === undefined)?.code ?? ''
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: shared ? 'module' : 'commonjs' }))
  for (const { label = '', code } of blocks) {
    if (!/\.(js|ts|json)$/.test(label)) continue
    const isTest = /\.test\.\w+$/.test(label)
    writeFileSync(join(folder, label), isTest ? `${header}${code}` : code)
    const timers = isTest ? fakeTimersOf(page, title) : undefined
    if (timers !== undefined) writeFileSync(join(folder, `fake-${label}`), `${header}${withTimers(code, timers)}`)
  }
  if (more !== undefined) copyFileSync(new URL(`globals/${more}`, import.meta.url), join(folder, more))
  const output = await run(folder, 'sh', ['-c', command], { NO_COLOR: '1', FORCE_COLOR: '0', CI: 'true' })
  const passed = countPassed(output)
  if (passed !== tests) throw new Error(`${passed} tests passed, not ${tests}:\n${output}`)
}

/** What any runner says of the tests that passed. */
function countPassed(output) {
  const counts = /\bTests:? +(\d+) passed|(\d+) passing|\bpass (\d+)/.exec(output)?.slice(1) ?? []
  return Number(counts.find(count => count !== undefined))
}

/** What the page says of a runner's fake timers. */
function fakeTimersOf(page, title) {
  return page.get('Fake timers').find(({ label }) => label === title)?.code
}

/** A test with the imports of a block in front, and its hooks inside. */
function withTimers(test, timers) {
  const imports = timers.match(/^import .*$/gm) ?? []
  const hooks = timers.replaceAll(/^(import|\/\/) .*\n/gm, '')
  return `${imports.join('\n')}\n${test.replace(/^describe\(.*\{$/m, line => `${line}\n${hooks}`)}`
}
