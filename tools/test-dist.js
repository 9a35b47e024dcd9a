// Packs the tarball, installs it in an empty folder without mongoose, beside Express 5 and beside Express 4, and loads
// every subpath as its users do: by import, by require, and through the type checker.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'scopegate-dist-'))
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' })

const SUBPATHS = {
  scopegate: ['resourceServer', 'getAuth', 'InvalidTokenError'],
  'scopegate/server': ['authorizationServer', 'accountsByPath', 'accountsByHost'],
  'scopegate/embedded': ['embeddedStore'],
  'scopegate/testing': ['testIssuer'],
}

let passed = 0
function check(description, action) {
  action()
  passed++
  console.log(`  ✔ ${description}`)
}

const program = Object.entries(SUBPATHS).map(([path, names], i) => [path, names, `m${i}`])
const assertNames = program.flatMap(([path, names, alias]) =>
  names.map(name => `if (typeof ${alias}.${name} !== 'function') throw new Error('${path} has no ${name}')`),
)

try {
  run('npm', ['pack', '--silent', '--pack-destination', folder], root)
  const tarball = readdirSync(folder).find(file => file.endsWith('.tgz'))
  for (const version of ['5', '4']) {
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    rmSync(join(folder, 'package-lock.json'), { force: true })
    run('npm', ['install', '--silent', '--no-audit', '--no-fund', `./${tarball}`, `express@${version}`])
    check(`Express ${version}: installs without mongoose`, () => {
      if (readdirSync(join(folder, 'node_modules')).includes('mongoose')) throw new Error('mongoose was installed')
    })
    check(`Express ${version}: every subpath by import`, () => {
      const imports = program.map(([path, , alias]) => `import * as ${alias} from '${path}'`)
      writeFileSync(join(folder, 'load.mjs'), [...imports, ...assertNames, "import 'scopegate/augment'"].join('\n'))
      run('node', ['load.mjs'])
    })
    check(`Express ${version}: every subpath by require`, () => {
      const requires = program.map(([path, , alias]) => `const ${alias} = require('${path}')`)
      writeFileSync(join(folder, 'load.cjs'), [...requires, ...assertNames].join('\n'))
      run('node', ['load.cjs'])
    })
  }
  check('the command line answers', () => run('npx', ['--no-install', 'scopegate', '--version']))
  check('scopegate/mongo asks for mongoose', () => {
    writeFileSync(
      join(folder, 'mongo.mjs'),
      "await import('scopegate/mongo').then(() => process.exit(1), e => process.exit(/mongoose/.test(e.message) ? 0 : 2))",
    )
    run('node', ['mongo.mjs'])
  })
  check('holds no tests and no sources', () => {
    const files = run('tar', ['-tzf', tarball]).split('\n')
    const odd = files.filter(file => /\/(test|examples|lib|bench)\//.test(file))
    if (odd.length > 0) throw new Error(`unexpected files: ${odd.join(', ')}`)
  })
  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ]) {
    const tsc = (...args) =>
      run(join(root, 'node_modules', '.bin', 'tsc'), [
        ...args,
        '--module',
        module,
        '--moduleResolution',
        moduleResolution,
      ])
    check(`compiles under moduleResolution ${moduleResolution}, without the types of Express`, () => {
      const lines = Object.entries(SUBPATHS).map(([path, names]) => `import { ${names.join(', ')} } from '${path}'`)
      const uses = Object.values(SUBPATHS).flat()
      writeFileSync(join(folder, 'use.mts'), [...lines, `export const all = [${uses.join(', ')}]`].join('\n'))
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
      tsc('--noEmit', '--strict', '--skipLibCheck', '--target', 'es2023', ...types, 'use.mts')
    })
    // These import the package by its name, as it was built: what they expect to be refused is marked in them.
    for (const program of ['express5', 'express4', 'augmented']) {
      check(`types under moduleResolution ${moduleResolution}: ${program}`, () =>
        tsc('-p', join(root, 'test', 'types', `${program}.json`)),
      )
    }
  }
  console.log(`\n${passed} passed, 0 failed`)
} catch (error) {
  console.error(`\n${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`)
  console.log(`\n${passed} passed, 1 failed`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
