// Says of dist/cjs that its files are CommonJS: package.json says of the whole package that they are ES modules.
import { writeFileSync } from 'node:fs'

const mark = { type: 'commonjs', sideEffects: false }
writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), `${JSON.stringify(mark)}\n`)
