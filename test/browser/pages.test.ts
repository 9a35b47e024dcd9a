import { expect } from 'chai'
import express from 'express'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type AuthorizationServer, authorizationServer } from '../../lib/authorization-server/index.js'
import { embeddedStore } from '../../lib/store/embedded/index.js'
import { demoUsers } from '../../lib/users/index.js'
import { startChromium } from '../support/chromium.js'
import { checkPage } from '../support/page-checks.js'
import { listen, type Running } from '../support/running.js'

describe('the pages of sign-in and sign-out, in a browser', () => {
  let browser: Browser
  let running: Running
  let server: AuthorizationServer
  let context: BrowserContext
  let page: Page

  before(async function start() {
    browser = await startChromium(this)
    const { router, users } = demoUsers(['ada', 'grace'])
    running = await listen(async issuer => {
      server = await authorizationServer({ issuer, store: embeddedStore(':memory:'), users })
      return express().use(router, server.router)
    })
    context = await browser.newContext()
    page = await context.newPage()
    page.setDefaultTimeout(30_000)
  })
  after(async () => {
    await browser?.close()
    await running?.stop()
    await server?.close()
  })

  it('names to click, and who was clicked is signed in until the sign-out is confirmed', async () => {
    await page.goto(`${running.url}/login`)
    await checkPage(page, 'login')
    await page.getByRole('button', { name: 'grace' }).click()
    await page.getByText('You are signed in as grace').waitFor()
    const isSession = ({ httpOnly, sameSite }: { httpOnly: boolean; sameSite: string }) =>
      httpOnly && sameSite === 'Lax'
    const cookies = await context.cookies()
    expect(cookies).not.to.have.length(0)
    expect(cookies.every(isSession)).to.equal(true)

    await page.goto(`${running.url}/logout`)
    await checkPage(page, 'logout')
    await page.getByRole('button', { name: /sign out/i }).click()
    await page.getByRole('heading', { name: 'Signed out' }).waitFor()
    await page.goto(`${running.url}/logout`)
    await page.getByText('You are not signed in here').waitFor()
  })
})
