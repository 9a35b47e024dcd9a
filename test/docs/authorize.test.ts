import { expect } from 'chai'
import type { ConsentView } from '../../lib/authorization-server/index.js'
import { AUTHORIZE_DETAILS } from '../../lib/details.js'
import { boxesOf, Browser, answerOf, GOOD, startFlow } from '../authorization-server/authorize/fixture.js'
import { blocksOf, codesIn, readPage, rowsOf, sectionOf } from '../support/docs.js'

const section = sectionOf(readPage('authorization-server.md'), '## /authorize')

/** The form of the docs, its names filled in. */
function fill(form: string, view: ConsentView): string {
  const values: Record<string, string> = {
    'view.action': view.action,
    'view.antiForgery.name': view.antiForgery.name,
    'view.antiForgery.value': view.antiForgery.value,
    'scope.value': view.scopes.map(({ value }) => value).join(),
  }
  return form.replace(/\{([\w.]+)\}/g, (whole, name) => values[name] ?? whole)
}

describe('docs/authorization-server.md, /authorize', () => {
  it('has a form for a page of one’s own that works', async () => {
    const [form = ''] = blocksOf(section, 'html')
    const test = await startFlow({ consentPage: view => fill(form, view) })
    const browser = new Browser(test)
    const page = await browser.authorize()
    expect(page.text).not.to.match(/\{\w/)
    expect(boxesOf(page)).to.deep.equal(['read:users'])
    for (const decision of ['allow', 'deny']) {
      const asked = await browser.authorize({ ...GOOD, prompt: 'consent' })
      expect(asked.text).to.include(`name="decision" value="${decision}"`)
      const answer = answerOf(await browser.decide(asked, decision))
      expect(answer).to.have.property(decision === 'allow' ? 'code' : 'error')
    }
    await test.close()
  })

  it('names in its table the errors that the troubleshooting page has', () => {
    const faults = rowsOf(section).flatMap(([, answer = '']) => codesIn(answer))
    const rows = rowsOf(sectionOf(readPage('troubleshooting.md'), '### Redirects'))
    const explained = rows.flatMap(([, error = '']) => codesIn(error))
    expect(faults).to.include.members(explained)
    expect(
      rows.flatMap(([detail = '']) => codesIn(detail)).every(code => AUTHORIZE_DETAILS.includes(code as never)),
    ).to.equal(true)
  })
})
