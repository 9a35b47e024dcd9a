import { expect } from 'chai'
import { html, type HtmlValue } from '../../../lib/authorization-server/pages/html.js'

describe('html', () => {
  const rows: { description: string; value: HtmlValue; text: string }[] = [
    { description: 'escapes a tag', value: '<script>', text: '&lt;script&gt;' },
    { description: 'escapes what ends an attribute', value: `"'`, text: '&quot;&#39;' },
    { description: 'escapes an entity once more', value: '&lt;', text: '&amp;lt;' },
    { description: 'escapes each item of a list', value: ['<', html`<b>`, '>'], text: '&lt;<b>&gt;' },
    {
      description: 'escapes an object that somebody made look like HTML',
      value: String({ toString: () => '<' }),
      text: '&lt;',
    },
    { description: 'leaves what html has made as it is', value: html`<i>${'<'}</i>`, text: '<i>&lt;</i>' },
    { description: 'leaves out undefined', value: undefined, text: '' },
    { description: 'leaves out false', value: false, text: '' },
    { description: 'writes a number', value: 0, text: '0' },
    { description: 'inserts no pattern of a replacement', value: '$&$1', text: '$&amp;$1' },
  ]
  for (const { description, value, text } of rows) {
    it(description, () => expect(String(html`[${value}]`)).to.equal(`[${text}]`))
  }
})
