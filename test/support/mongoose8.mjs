// Loaded with --import: whoever imports or requires mongoose gets version 8 of it.
import Module, { register } from 'node:module'

const hook = `export async function resolve(specifier, context, next) {
  return next(specifier === 'mongoose' ? 'mongoose8' : specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const resolveFilename = Module._resolveFilename
Module._resolveFilename = function resolve(request, ...rest) {
  return resolveFilename.call(this, request === 'mongoose' ? 'mongoose8' : request, ...rest)
}
