import * as timers from 'node:timers'

/** Those of the process, taken when this is loaded: fake timers of a test neither stop ours nor stand in for them. */
export const { clearTimeout, setImmediate, setTimeout } = timers
