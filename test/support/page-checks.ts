import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const PICTURES = fileURLToPath(new URL('../../docs/images/', import.meta.url))

/** How a page is looked at. */
const LOOKS = {
  light: { colorScheme: 'light', width: 800, height: 600 },
  dark: { colorScheme: 'dark', width: 800, height: 600 },
  phone: { colorScheme: 'light', width: 320, height: 640 },
} as const

interface Violation {
  id: string
  help: string
  nodes: { html: string }[]
}

/**
 * Looks at a page of ours in light, in dark, and on the smallest phone: axe-core finds nothing, and nothing is cut off.
 * With `PICTURES=1` the pictures of the documentation are taken anew.
 */
export async function checkPage(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()
  for (const [look, { colorScheme, width, height }] of Object.entries(LOOKS)) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height })
    expect(await findViolations(page), `${name}, ${look}`).to.deep.equal([])
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(overflow, `${name}, ${look}: wider than ${width} px`).to.equal(0)
    if (process.env['PICTURES'] === undefined) continue
    await mkdir(PICTURES, { recursive: true })
    await page.screenshot({ path: `${PICTURES}${name}-${look}.png`, fullPage: true })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  if (before !== null) await page.setViewportSize(before)
}

async function findViolations(page: Page): Promise<string[]> {
  // By the debugger, for the page's own policy lets no script run.
  await page.evaluate(axe)
  const found = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Violation[]
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(node => node.html).join(' ')}`)
}
