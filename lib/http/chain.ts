import { type Handler, type HttpRequest, type HttpResponse, type Next, runHandler } from './handler.js'

/**
 * Makes one handler of several: a request goes to each in turn until one answers it, and behind the last to `next`; so does
 * what one of them throws, or hands to its own `next`.
 */
export function chain(...handlers: readonly Handler[]): Handler {
  return function handOn(req: HttpRequest, res: HttpResponse, next: Next): void {
    const goTo = (index: number): void => {
      const handler = handlers[index]
      if (handler === undefined) return next()
      runHandler(handler, req, res, error => (error === undefined ? goTo(index + 1) : next(error)))
    }
    goTo(0)
  }
}
