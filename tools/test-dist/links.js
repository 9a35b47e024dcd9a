import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { check, run } from './run.js'

/** Every relative link of a page in the tarball leads to something that is in the tarball. */
export async function checkLinks(scratch, tarball) {
  const folder = join(scratch, 'unpacked')
  mkdirSync(folder)
  await run(folder, 'tar', ['-xzf', tarball, '--strip-components=1'])
  await check('holds what its pages link to', () => {
    const broken = pagesOf(folder).flatMap(page =>
      linksOf(readFileSync(page, 'utf8'))
        .filter(link => !existsSync(join(dirname(page), link)))
        .map(link => `${relative(folder, page)}: ${link}`),
    )
    if (broken.length > 0) throw new Error(`links to what is not in the package:\n${broken.join('\n')}`)
  })
}

function pagesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter(file => file.endsWith('.md'))
    .map(file => join(folder, file))
}

/** The relative links of a page, without what is inside of code. */
function linksOf(page) {
  const text = page.replaceAll(/^```[\s\S]*?^```$|`[^`\n]*`/gm, '')
  return [...text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g)].map(([, link]) => link)
}
