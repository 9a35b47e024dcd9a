/** Bytes of an object or a list without members, of a member with its name and a number, and of a character: by measurement, rounded up. */
const PER_OBJECT = 72
const PER_MEMBER = 48
const PER_CHARACTER = 2

/**
 * Bytes that plain data takes in memory, estimated and rather too many: by what it is made of, for `[[[]]]` takes thirty
 * times as much as its text.
 *
 * @param length characters of the text that it was read from
 */
export function bytesOf(value: object, length: number): number {
  let bytes = length * PER_CHARACTER
  const open: object[] = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    bytes += PER_OBJECT
    for (const member of Object.values(next)) {
      bytes += PER_MEMBER
      if (typeof member === 'object' && member !== null) open.push(member)
    }
  }
  return bytes
}
