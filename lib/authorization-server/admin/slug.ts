import anyAscii from 'any-ascii'

const MAX_LENGTH = 100

/** Longest tail a derived slug gets, `-` and digits. */
const TAIL = 8

/** A name as `[a-z0-9-]`, transliterated; empty where nothing of it can be. */
export function deriveSlug(name: string): string {
  return anyAscii(name.normalize('NFKC'))
    .toLowerCase()
    .replace(/['’`]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LENGTH - TAIL)
    .replace(/^-+|-+$/g, '')
}

/** The slugs to try for a name, in order: `internal-api`, `internal-api-2`, `internal-api-3`…; the id where a name gives none. */
export function* slugCandidates(name: string, id: string): Generator<string> {
  const slug = deriveSlug(name) || id.replaceAll('_', '-')
  yield slug
  for (let number = 2; ; number++) yield `${slug}-${number}`
}
