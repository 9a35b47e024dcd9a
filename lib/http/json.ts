/** JSON that names a member twice: parsers disagree on which one counts (RFC 8259 §4). */
export class DuplicateMemberError extends SyntaxError {
  readonly member: string
  constructor(member: string) {
    super('a member is named twice')
    this.name = 'DuplicateMemberError'
    this.member = member
  }
}

/** Deepest nesting of objects and lists that is read. */
const MAX_DEPTH = 32

/**
 * Reads JSON text (RFC 8259), refusing a member named twice in one object, and nesting deeper than 32.
 * A member `__proto__` is an ordinary one.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  refuseDuplicates(text)
  return value
}

/** Goes once over text that is known to be JSON: only strings and brackets matter. */
function refuseDuplicates(text: string): void {
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null)
      if (open.length > MAX_DEPTH) throw new SyntaxError('nested too deeply')
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === '"') {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (names && isName(text, end)) addName(names, JSON.parse(text.slice(at, end)) as string)
      at = end - 1
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function isName(text: string, end: number): boolean {
  let at = end
  while (' \t\r\n'.includes(text[at] ?? '.')) at++
  return text[at] === ':'
}

function addName(names: Set<string>, name: string): void {
  if (names.has(name)) throw new DuplicateMemberError(name)
  names.add(name)
}
