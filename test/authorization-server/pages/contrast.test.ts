import { expect } from 'chai'
import { html } from '../../../lib/authorization-server/pages/html.js'
import { createNonce, page } from '../../../lib/authorization-server/pages/page.js'

/** The colours of one scheme, by name. */
function coloursOf(css: string): Record<string, string> {
  return Object.fromEntries(
    [...css.matchAll(/--(\w+): (#[0-9a-f]+)/g)].map(([, name = '', value = '']) => [name, value]),
  )
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const hex = colour.length === 4 ? colour.replace(/[0-9a-f]/g, '$&$&') : colour
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

describe('a page', () => {
  const text = page('<t>', html`<p>${'<b>'}</p>`, 'n1').toString()
  const [light = '', dark = ''] = text.split('@media (prefers-color-scheme: dark)')
  const pairs: [front: string, back: string, least: number][] = [
    ['text', 'card', 4.5],
    ['quiet', 'card', 4.5],
    ['strong', 'card', 4.5],
    ['on', 'strong', 4.5],
    ['line', 'card', 3],
    ['line', 'ground', 2.5],
  ]
  for (const [scheme, css] of Object.entries({ light, dark })) {
    for (const [front, back, least] of pairs) {
      it(`has enough contrast of ${front} on ${back}, ${scheme}`, () => {
        const { [front]: one = '', [back]: other = '' } = coloursOf(css)
        expect([one, other].join()).to.match(/^#[0-9a-f]{3,6},#[0-9a-f]{3,6}$/)
        expect(contrast(one, other)).to.be.at.least(least)
      })
    }
  }

  it('fits 320 px: nothing has a fixed width but what fits, and long words break', () => {
    expect(text).to.include('overflow-wrap: anywhere').and.include('box-sizing: border-box')
    const widths = [...text.matchAll(/[;{ ](?:min-)?width: ([\d.]+)rem/g)].map(([, width]) => Number(width))
    expect(Math.max(...widths)).to.be.at.most(18)
  })

  it('escapes its title and its text, and its nonce is another one each time', () => {
    expect(text).to.include('<title>&lt;t&gt;</title>').and.include('<p>&lt;b&gt;</p>')
    expect(text).to.include('<style nonce="n1">')
    expect(createNonce()).not.to.equal(createNonce())
  })
})
