// What type checkers see, under every way to resolve a module.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check, root, run } from './run.js'
import { SUBPATHS } from './subpaths.js'

const tsc = join(root, 'node_modules', '.bin', 'tsc')
const options = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022']

const lines = Object.entries(SUBPATHS).map(([path, names]) => `import { ${names.join(', ')} } from '${path}'`)
const program = [...lines, `export const all = [${Object.values(SUBPATHS).flat().join(', ')}]`].join('\n')

/** @param folder where the package is installed, and no types of Express */
export async function checkTypes(folder) {
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ]) {
    const way = ['--module', module, '--moduleResolution', moduleResolution]
    for (const file of ['use.mts', 'use.cts']) {
      await check(`compiles under moduleResolution ${moduleResolution}, without the types of Express: ${file}`, () => {
        writeFileSync(join(folder, file), program)
        return run(folder, tsc, [...options, ...types, ...way, file])
      })
    }
    // These import the package by its name, as it was built: what they expect to be refused is marked in them.
    for (const name of ['express5', 'express4', 'augmented']) {
      await check(`types under moduleResolution ${moduleResolution}: ${name}`, () =>
        run(folder, tsc, [...way, '-p', join(root, 'test', 'types', `${name}.json`)]),
      )
    }
  }
}

/** As TypeScript before 7 resolves where nothing is configured. @param folder where TypeScript 5 is installed too */
export async function checkOldTypes(folder) {
  const cwd = join(folder, 'node10')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'use.ts'), program)
  const way = ['--module', 'commonjs', '--moduleResolution', 'node10', '--types', 'node']
  await check('compiles under moduleResolution node10, with TypeScript 5', () =>
    run(cwd, 'npx', ['--no-install', 'tsc', ...options, ...way, 'use.ts']),
  )
}
