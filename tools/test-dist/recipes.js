// The recipes of docs/recipes.md, by the very blocks of that page, with the packages that they are for.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readPage } from './page.js'
import { check, install, root, run } from './run.js'

const NEST = ['common', 'core', 'platform-express'].map(name => `@nestjs/${name}@12.5.1`)
/** Those that run on Node 20. */
const PACKAGES = ['express@5.3.0', 'fastify@5.12.8', ...NEST, 'reflect-metadata@0.2.2', 'rxjs@7.8.2', 'ws@8.23.0']
const TYPES = ['typescript@5.9.3', '@types/node@20', '@types/express@5', '@types/ws@8', '@types/aws-lambda@8']

/** Files of `recipes/`, and how many tests must pass in each. */
const TESTS = {
  'nest.test.js': 13,
  'fastify.test.js': 10,
  'websocket.test.js': 11,
  'lambda.test.js': 9,
  'fetch-handler.test.js': 9,
}

/** As a Nest project has them. */
const compilerOptions = {
  strict: true,
  target: 'es2022',
  module: 'nodenext',
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
  types: ['node'],
  outDir: 'out',
}

export async function checkRecipes(scratch, tarball) {
  const folder = join(scratch, 'recipes')
  mkdirSync(folder)
  const write = (file, value) => writeFileSync(join(folder, file), JSON.stringify(value))
  write('package.json', { private: true, type: 'module' })
  await install(folder, tarball, ...PACKAGES, ...TYPES)
  write('tsconfig.json', { compilerOptions, include: ['*.ts'] })
  for (const { label, code } of blocksOf('recipes.md')) writeFileSync(join(folder, label), code)
  await check('docs/recipes.md compiles, with TypeScript 5', () => run(folder, 'npx', ['--no-install', 'tsc']))
  cpSync(fileURLToPath(new URL('recipes', import.meta.url)), folder, { recursive: true })
  for (const [file, tests] of Object.entries(TESTS)) {
    await check(`docs/recipes.md: ${file}`, async () => {
      const output = await run(folder, 'node', ['--test', '--test-reporter=spec', file], { NO_COLOR: '1' })
      const passed = Number(/\bpass (\d+)/.exec(output)?.[1])
      if (passed !== tests) throw new Error(`${passed} tests passed, not ${tests}:\n${output}`)
    })
  }
}

/** The blocks of a page that are files. */
function blocksOf(name) {
  const page = readPage(readFileSync(join(root, 'docs', name), 'utf8'))
  return [...page.values()].flat().filter(({ label }) => label?.endsWith('.ts'))
}
