import type { HttpResponse } from './handler.js'

/** Lets scripts of other origins read these headers too (Fetch, Access-Control-Expose-Headers); what is exposed stays so. */
export function exposeHeaders(res: HttpResponse, names: readonly string[]): void {
  const present = [res.getHeader('Access-Control-Expose-Headers') ?? []].flat().join(', ')
  const exposed = new Set(present.toLowerCase().split(/[\s,]+/))
  if (exposed.has('*')) return
  const missing = names.filter(name => !exposed.has(name.toLowerCase()))
  if (missing.length === 0) return
  res.setHeader('Access-Control-Expose-Headers', [...(present === '' ? [] : [present]), ...missing].join(', '))
}
