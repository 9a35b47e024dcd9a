/** JSON that names a member twice: parsers disagree on which one counts (RFC 8259 §4). */
export class DuplicateMemberError extends SyntaxError {
  constructor() {
    super('a member is named twice')
    this.name = 'DuplicateMemberError'
  }
}

/** JSON of more levels, members or values than anything legal has: reading it would keep everybody else waiting. */
export class JsonLimitError extends SyntaxError {
  constructor(message: string) {
    super(message)
    this.name = 'JsonLimitError'
  }
}

/** Deepest nesting of objects and lists that is read. */
const MAX_DEPTH = 32
/** Members of all objects together. */
const MAX_MEMBERS = 10_000
/** Members and elements together. */
const MAX_VALUES = 250_000

/**
 * Reads JSON text (RFC 8259). Refuses a member named twice in one object, and more than 32 levels, 10 000 members or
 * 250 000 values in all. A member `__proto__` is an ordinary one.
 *
 * @throws DuplicateMemberError
 * @throws JsonLimitError
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const members = countNames(text)
  if (typeof members === 'string') throw new JsonLimitError(members)
  const value = parseText(text)
  // Of members with one name the last one is left, without what stood in the others.
  if (members > 0 && countMembers(value) < members) throw new DuplicateMemberError()
  return value
}

/** What `JSON.parse` says of a fault quotes the text, which may be a secret: it goes no further. */
function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SyntaxError('not JSON')
  }
}

const TAB = 0x09
const LINE_FEED = 0x0a
const RETURN = 0x0d
const BLANK = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const LIST = 0x5b
const BACKSLASH = 0x5c
const END_OF_LIST = 0x5d
const OBJECT = 0x7b
const END_OF_OBJECT = 0x7d
const NO_BLANK = /[^\t\n\r ]/g

/**
 * The colons outside of strings: in JSON each belongs to one member. What is no JSON is left to the parser.
 * @returns their number, or which limit is exceeded: an error made in here would keep the loop from being compiled
 */
function countNames(text: string): number | string {
  let depth = 0
  let members = 0
  let values = 1
  let strings = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        if (++strings > MAX_MEMBERS + MAX_VALUES) return 'too many values'
        at = closingQuote(text, at)
        break
      case COLON:
        if (++members > MAX_MEMBERS) return 'too many members'
        break
      case COMMA:
        if (++values > MAX_VALUES) return 'too many values'
        break
      case LIST:
      case OBJECT:
        if (++depth > MAX_DEPTH) return 'nested too deeply'
        if (++values > MAX_VALUES) return 'too many values'
        break
      case END_OF_LIST:
      case END_OF_OBJECT:
        depth--
        break
      case TAB:
      case LINE_FEED:
      case RETURN:
      case BLANK:
        if (text.charCodeAt(at + 1) <= BLANK) at = lastBlank(text, at)
    }
  }
  return members
}

/** Where the string ends that starts here; the end of the text where it is not closed. */
function closingQuote(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (at >= 0 && isEscaped(text, at)) at = text.indexOf('"', afterEscapes(text, at + 1))
  return at < 0 ? text.length : at
}

function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text.charCodeAt(before - 1) === BACKSLASH) before--
  return (at - before) % 2 === 1
}

/** Escapes come in crowds: stepping over those that are near is quicker than a search for each quote. */
function afterEscapes(text: string, start: number): number {
  const end = start + 256
  let at = start
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at
    at += code === BACKSLASH ? 2 : 1
  }
  return at
}

/** The last of the blanks that start here, of which there may be many. */
function lastBlank(text: string, start: number): number {
  NO_BLANK.lastIndex = start
  return NO_BLANK.test(text) ? NO_BLANK.lastIndex - 2 : text.length
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner: unknown[] = Object.values(value)
  let count = Array.isArray(value) ? 0 : inner.length
  for (const item of inner) count += countMembers(item)
  return count
}
