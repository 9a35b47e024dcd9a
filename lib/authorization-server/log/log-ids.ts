import { randomInt } from 'node:crypto'
import { createId } from '../../store/ids.js'
import { LOG_KIND } from '../../store/log-records.js'

/** Characters of an id that hold its time, and those that count. */
const TIME = 10
const COUNT = 6
const RADIX = 32

/**
 * Makes the ids of one process: records of one millisecond, too, sort as they came. As long as other ids, and cheaper, for they
 * are many: a time, a count, and random bits that are this process's alone.
 */
export function createLogIds(): (time: number) => string {
  let count = randomInt(RADIX ** 4)
  let last = Number.NaN
  let prefix = ''
  const own = createId(LOG_KIND.idPrefix, 0).slice(LOG_KIND.idPrefix.length + TIME + COUNT)
  return time => {
    if (time !== last) prefix = LOG_KIND.idPrefix + inAlphabet(Math.floor(time), TIME)
    last = time
    count = (count + 1) % RADIX ** COUNT
    return prefix + inAlphabet(count, COUNT) + own
  }
}

/** The alphabet of {@link createId}, in ascending order, so that a higher count sorts behind. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

function inAlphabet(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / RADIX)) text = ALPHABET[rest % RADIX] + text
  return text
}
