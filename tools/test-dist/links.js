import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { check, root, run } from './run.js'

/** All pages and examples are in the tarball, and each relative link of a page leads to a file and a heading in it. */
export async function checkLinks(scratch, tarball) {
  const folder = join(scratch, 'unpacked')
  mkdirSync(folder)
  await run(folder, 'tar', ['-xzf', tarball, '--strip-components=1'])
  await check('holds every page of docs/, every example, and the page of bench/', () => {
    const wanted = ['docs', 'examples'].flatMap(name => readdirSync(join(root, name)).map(file => join(name, file)))
    const absent = [...wanted, join('bench', 'README.md')].filter(file => !existsSync(join(folder, file)))
    if (absent.length > 0) throw new Error(`not in the package: ${absent.join(', ')}`)
  })
  await check('holds what its pages link to', () => {
    const broken = pagesOf(folder).flatMap(page =>
      linksOf(readFileSync(page, 'utf8'))
        .filter(link => !isThere(page, link))
        .map(link => `${relative(folder, page)}: ${link}`),
    )
    if (broken.length > 0) throw new Error(`links to what is not in the package:\n${broken.join('\n')}`)
  })
}

function isThere(page, link) {
  const [path, anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  return existsSync(target) && (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor))
}

/** As GitHub makes them of headings. */
function anchorsOf(page) {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

function pagesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter(file => file.endsWith('.md'))
    .map(file => join(folder, file))
}

/** The relative links of a page, without what is inside of code. */
function linksOf(page) {
  const text = page.replaceAll(/^```[\s\S]*?^```$|`[^`\n]*`/gm, '')
  return [...text.matchAll(/\]\((?![a-z]+:)([^)\s]+)[^)]*\)/g)].map(([, link]) => link)
}
