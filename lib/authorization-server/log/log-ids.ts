import { randomInt } from 'node:crypto'
import { createId, ID_ALPHABET, ID_TIME } from '../../store/ids.js'
import { LOG_KIND } from '../../store/log-records.js'

/** Characters of an id that count, behind those of its time. */
const COUNT = 6
const RADIX = ID_ALPHABET.length

/**
 * Makes the ids of one process: records of one millisecond, too, sort as they came. As long as other ids, and cheaper, for they
 * are many: a time, a count, and random bits that are this process's alone.
 */
export function createLogIds(): (time: number) => string {
  let count = randomInt(RADIX ** 4)
  let last = Number.NaN
  let prefix = ''
  const own = createId(LOG_KIND.idPrefix, 0).slice(LOG_KIND.idPrefix.length + ID_TIME + COUNT)
  return time => {
    if (time !== last) prefix = LOG_KIND.idPrefix + inAlphabet(Math.floor(time), ID_TIME)
    last = time
    count = (count + 1) % RADIX ** COUNT
    return prefix + inAlphabet(count, COUNT) + own
  }
}

function inAlphabet(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / RADIX)) text = ID_ALPHABET[rest % RADIX] + text
  return text
}
