/**
 * The code blocks of a Markdown page under each of its headings, in order: language, text, and the file's name where the
 * first line is a comment that names one, or another label.
 */
export function readPage(text) {
  const sections = new Map()
  for (const part of text.split(/^#{1,6} /m)) {
    const [title = ''] = part.split('\n', 1)
    const blocks = [...part.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
      language,
      label: /^\/\/ (.+)/.exec(code)?.[1],
      code,
    }))
    sections.set(title.replaceAll('`', ''), blocks)
  }
  return sections
}
