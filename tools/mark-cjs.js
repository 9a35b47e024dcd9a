// Says of dist/cjs that its files are CommonJS, because package.json says of the whole package that they are ES modules; and
// gives them the declarations of the others, which are the same.
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(file => /\.d\.c?ts$/.test(file))
for (const file of declarations) {
  if (!/^(?:cjs|cli)[\\/]/.test(file)) copyFileSync(join(dist, file), join(dist, 'cjs', file))
}
const mark = { type: 'commonjs', sideEffects: false }
writeFileSync(join(dist, 'cjs', 'package.json'), `${JSON.stringify(mark)}\n`)
