import Module, { register } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Modules of lib in whose place everybody gets one of `instead`, which works with the real one. */
const REPLACED: Readonly<Record<string, string>> = {
  'emit.ts': 'emit.ts',
  'authorization-server/open-records.ts': 'open-records.ts',
}

const urls = Object.entries(REPLACED).map(([real, instead]): [string, string] => [
  new URL(`../../../lib/${real}`, import.meta.url).href,
  new URL(`./instead/${instead}`, import.meta.url).href,
])

/** Sees every event, and every record of the log, whether modules are required or imported. */
export function tapLibrary(): void {
  replaceImported(new Map(urls))
  replaceRequired(new Map(urls.map(([real, instead]) => [fileURLToPath(real), fileURLToPath(instead)])))
}

function replaceRequired(replaced: ReadonlyMap<string, string>): void {
  const loader = Module as unknown as { _resolveFilename(request: string, parent?: { filename?: string }): string }
  const resolve = loader._resolveFilename
  loader._resolveFilename = function resolveFilename(request, parent, ...rest) {
    const found = Reflect.apply(resolve, this, [request, parent, ...rest])
    const instead = replaced.get(found)
    return instead === undefined || parent?.filename === instead ? found : instead
  }
}

function replaceImported(replaced: ReadonlyMap<string, string>): void {
  const hook = `const replaced = new Map(${JSON.stringify([...replaced])})
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  const instead = replaced.get(found.url.split('?')[0])
  return instead === undefined || context.parentURL?.split('?')[0] === instead ? found : { ...found, url: instead }
}`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
