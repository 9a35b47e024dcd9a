import { expect } from 'chai'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createApp, register } from '../../examples/login/server.js'
import { startChromium } from '../support/chromium.js'
import { checkPage } from '../support/page-checks.js'
import { listen, type Running } from '../support/running.js'

describe('examples/login, in a browser', () => {
  let browser: Browser
  let running: Running
  let close: () => Promise<void>
  let context: BrowserContext
  let page: Page
  let home: string

  before(async function start() {
    browser = await startChromium(this)
    let created: Awaited<ReturnType<typeof createApp>> | undefined
    running = await listen(async url => {
      created = await createApp(url)
      return created.app
    })
    close = async () => created?.server.close()
    const [management] = created?.server.takeManagementClients() ?? []
    if (management === undefined) throw new Error('no management client')
    home = `${running.url}/?client_id=${await register(running.url, management)}`
  })
  after(async () => {
    await browser?.close()
    await running?.stop()
    await close?.()
  })
  beforeEach(async () => {
    context = await browser.newContext()
    page = await context.newPage()
    page.setDefaultTimeout(30_000)
  })
  afterEach(() => context.close())

  const status = (text: RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor()

  async function logIn(user: string, password: string): Promise<void> {
    await page.goto(home)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('User').fill(user)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: /Notebook/ }).waitFor()
  }

  it('signs in, unticks one permission, calls the API, refreshes and signs out', async () => {
    await logIn('ada', 'correct horse')
    await checkPage(page, 'consent')
    await page.getByLabel('Write notes in your name').uncheck()
    await page.getByRole('button', { name: 'Allow' }).click()
    await status(/^Ada Lovelace is signed in/)
    expect(await page.getByRole('status').textContent())
      .to.match(/read:notes/)
      .and.not.match(/write:notes/)
    await page.getByRole('button', { name: 'Read notes' }).click()
    await status(/1 notes/)
    await page.getByRole('button', { name: 'Write a note' }).click()
    await status(/cannot be written: 403/)
    await page.getByRole('button', { name: 'Get new tokens' }).click()
    await status(/^New tokens, with: .*read:notes/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await status(/^Nobody is signed in/)

    // What was unticked is asked again, and marked; what was allowed is not new.
    await logIn('ada', 'correct horse')
    await page.getByLabel('Write notes in your name').waitFor()
    await checkPage(page, 'consent-again')
  })

  it('is told that the user said no', async () => {
    await logIn('ada', 'correct horse')
    await page.getByRole('button', { name: 'Deny' }).click()
    await status(/^Not signed in: .*/)
  })

  it('asks a reader for what a reader may have', async () => {
    await logIn('grace', 'battery staple')
    await page.getByLabel('Read your notes').waitFor()
    expect(await page.getByLabel('Write notes in your name').count()).to.equal(0)
  })

  it('can be used with the keyboard alone', async () => {
    await logIn('ada', 'correct horse')
    const focused = () =>
      page.evaluate('(e => e.getAttribute("value") ?? e.textContent)(document.activeElement)') as Promise<string>
    const names: string[] = []
    for (let tab = 0; tab < 20 && names.at(-1) !== 'allow'; tab++) {
      await page.keyboard.press('Tab')
      names.push(await focused())
    }
    expect(names).to.include.members(['read:notes', 'write:notes', 'deny', 'allow'])
    await page.keyboard.press('Enter')
    await status(/^Ada Lovelace is signed in/)
  })

  it('shows a page that leads nowhere where the request is wrong', async () => {
    await page.goto(`${running.url}/authorize?client_id=nobody`)
    await page.getByRole('heading').first().waitFor()
    expect(await page.getByRole('link').count()).to.equal(0)
    await checkPage(page, 'error')
  })
})
