/** What a browser shows, or where it was sent that is not to be opened. */
export interface View {
  url: string
  status: number
  text: string
  headers: Headers
}

/** A form of a page. */
export interface Form {
  action: string
  fields: [name: string, value: string][]
}

interface Cookie {
  value: string
  path: string
}

/** As much of a browser as a flow by redirects needs: cookies of one host, redirects, forms. Each one is a profile of its own. */
export class UserAgent {
  readonly cookies = new Map<string, Cookie>()
  readonly #stop: string

  /** @param stop a redirect to a URL that starts so is not followed */
  constructor(stop: string) {
    this.#stop = stop
  }

  async open(url: string | URL, init: RequestInit = {}): Promise<View> {
    let target = new URL(url)
    let request = init
    for (let hops = 0; hops < 20; hops++) {
      const answer = await fetch(target, { ...request, redirect: 'manual', headers: this.#headers(target, request) })
      this.#keep(answer)
      const location = answer.headers.get('location')
      const view = { url: target.href, status: answer.status, text: await answer.text(), headers: answer.headers }
      if (location === null || answer.status < 300 || answer.status > 399) return view
      target = new URL(location, target)
      if (location.startsWith(this.#stop)) return { ...view, url: location }
      request = {}
    }
    throw new Error(`too many redirects: ${target.href}`)
  }

  /** Sends a form, as a click on the button with this name and value does. */
  submit(view: View, button?: [name: string, value: string], change: (form: Form) => void = () => {}): Promise<View> {
    const form = readForm(view)
    if (button !== undefined) form.fields.push(button)
    change(form)
    return this.open(new URL(form.action, view.url), {
      method: 'POST',
      body: new URLSearchParams(form.fields),
      headers: { origin: new URL(view.url).origin },
    })
  }

  #headers({ pathname }: URL, { headers }: RequestInit): Headers {
    const all = new Headers(headers)
    const sent = [...this.cookies].filter(([, { path }]) => pathname.startsWith(path))
    if (sent.length > 0) all.set('cookie', sent.map(([name, { value }]) => `${name}=${value}`).join('; '))
    return all
  }

  #keep(answer: Response): void {
    for (const line of answer.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const equals = pair.indexOf('=')
      const name = pair.slice(0, equals)
      const path = attributes.find(attribute => /^path=/i.test(attribute))?.slice('path='.length) ?? '/'
      if (attributes.some(attribute => /^max-age=0$/i.test(attribute))) this.cookies.delete(name)
      else this.cookies.set(name, { value: pair.slice(equals + 1), path })
    }
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' }

const attribute = (tag: string, name: string): string | undefined => {
  const [, raw] = new RegExp(`\\b${name}="([^"]*)"`).exec(tag) ?? []
  return raw?.replace(/&(#?\w+);/g, (whole, entity: string) => ENTITIES[entity] ?? whole)
}

/** The page's first form: hidden fields, and check boxes that are ticked. */
export function readForm({ text, url }: Pick<View, 'text' | 'url'>): Form {
  const [form = ''] = /<form[\s\S]*?<\/form>/.exec(text) ?? []
  const [tag = ''] = /<form[^>]*>/.exec(form) ?? []
  if (tag === '') throw new Error(`no form at ${url}: ${text.slice(0, 500)}`)
  const fields: [string, string][] = []
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const type = attribute(input, 'type')
    const isSent = type === 'hidden' || ((type === 'checkbox' || type === 'radio') && /\schecked\b/.test(input))
    if (isSent) fields.push([attribute(input, 'name') ?? '', attribute(input, 'value') ?? ''])
  }
  return { action: attribute(tag, 'action') ?? url, fields }
}
