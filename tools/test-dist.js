// Packs the tarball and tries it as its users do: installed beside Express 5 and 4, loaded every way, through type
// checkers, under the test runners of docs/testing.md, and in the frameworks of docs/recipes.md.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkLinks } from './test-dist/links.js'
import { checkAlone } from './test-dist/alone.js'
import { checkLoading } from './test-dist/loading.js'
import { checkRecipes } from './test-dist/recipes.js'
import { check, passedChecks, root, run } from './test-dist/run.js'
import { checkRunners, installRunners } from './test-dist/runners.js'
import { checkOldTypes, checkTypes } from './test-dist/types.js'

const scratch = mkdtempSync(join(tmpdir(), 'scopegate-dist-'))

try {
  await run(root, 'npm', ['pack', '--silent', '--pack-destination', scratch])
  const tarball = join(
    scratch,
    readdirSync(scratch).find(file => file.endsWith('.tgz')),
  )
  await check('holds no tests, no sources and no leftovers', async () => {
    const files = (await run(scratch, 'tar', ['-tzf', tarball])).split('\n')
    const odd = files.filter(file => /^package\/(test|lib|bench)\/(?!README\.md$)|tsbuildinfo/.test(file))
    if (odd.length > 0) throw new Error(`unexpected files: ${odd.join(', ')}`)
  })
  await checkLinks(scratch, tarball)
  await checkAlone(scratch, tarball)
  const [installed, loaded] = await Promise.allSettled([
    installRunners(scratch, tarball),
    checkLoading(scratch, tarball),
  ])
  for (const { reason } of [installed, loaded]) if (reason !== undefined) throw reason
  const runners = installed.value
  await checkTypes(join(scratch, 'express5'))
  await checkOldTypes(runners)
  await checkRunners(runners)
  await checkRecipes(scratch, tarball)
  console.log(`\n${passedChecks()} passed, 0 failed`)
} catch (error) {
  console.error(`\n${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`)
  console.log(`\n${passedChecks()} passed, 1 failed`)
  process.exitCode = 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
