import { expect } from 'chai'
import { html } from '../../../lib/authorization-server/pages/html.js'

describe('html', () => {
  const rows: [value: string, written: string][] = [
    ['<script>alert(1)</script>', '&lt;script&gt;alert(1)&lt;/script&gt;'],
    [`" onmouseover="x' y=\``, '&quot; onmouseover=&quot;x&#39; y=&#96;'],
    ['&lt;', '&amp;lt;'],
    ['</style><script>', '&lt;/style&gt;&lt;script&gt;'],
    ['Ünïcödé 日本語 עברית العربية 👩‍👩‍👧', 'Ünïcödé 日本語 עברית العربية 👩‍👩‍👧'],
    // What turns the text around it, or cannot be seen.
    ...['\0', '\b', '\u001b', '\u007f', '\u0085', '\u009f', '\u2028', '\u2029'].map((c): [string, string] => [
      c,
      '\ufffd',
    ]),
    ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e'].map((c): [string, string] => [c, '\ufffd']),
    ...['\u2066', '\u2067', '\u2068', '\u2069'].map((c): [string, string] => [c, '\ufffd']),
    ['\ud800', '\ufffd'],
    ['a\tb\nc', 'a\tb\nc'],
  ]
  for (const [value, written] of rows) {
    it(`writes ${JSON.stringify(value)} harmlessly`, () => {
      expect(html`<p title="${value}">${value}</p>`.toString()).to.equal(`<p title="${written}">${written}</p>`)
    })
  }

  it('puts markup and lists of it in as they are, and numbers; nothing for undefined and false', () => {
    const inner = [html`<i>${'<'}</i>`, html`<b>${2}</b>`]
    expect(html`<p>${inner}${html`<u>${undefined}${false}</u>`}</p>`.toString()).to.equal(
      '<p><i>&lt;</i><b>2</b><u></u></p>',
    )
  })

  it('takes nothing for markup that only looks like it', () => {
    const false_ = { toString: () => '<script>' }
    expect(html`${[false_ as never]}`.toString()).not.to.include('<script>')
    expect(html`${['<script>' as never]}`.toString()).to.equal('&lt;script&gt;')
  })
})
