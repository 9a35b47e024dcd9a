import { UsageError } from '../faults.js'
import type { Io } from '../io.js'
import { printable } from '../output/printable.js'
import { tell } from '../output/write.js'
import { readAddress } from '../remote/address.js'
import { allowsInsecure, type ConnectionOptions, readGiven, readTimeout } from '../remote/connection.js'
import { type Credentials, removeCredentials, writeCredentials } from '../remote/credentials.js'
import { MANAGEMENT_AUDIENCE, requestToken } from '../remote/token.js'
import { readInput } from './document.js'
import { isInteractive, Prompt } from './prompt.js'

export type LoginOptions = ConnectionOptions & { clientSecret?: string }

/** What is asked for where nobody has said it, in this order. */
const QUESTIONS = [
  { name: 'url', question: 'URL of the server: ', isHidden: false },
  { name: 'clientId', question: 'Client id: ', isHidden: false },
  { name: 'clientSecret', question: 'Client secret (not shown): ', isHidden: true },
] as const

type Given = Partial<Credentials>

/** `login`: options, then the environment, then standard input. Kept only when the server gives a token for it. */
export async function login(io: Io, options: LoginOptions): Promise<void> {
  const given: Given = { ...readGiven(io, options) }
  if (options.clientSecret !== undefined) given.clientSecret = options.clientSecret
  const timeout = readTimeout(options.timeout)
  const { url, clientId, clientSecret, adminUrl } = await complete(io, given, options)
  const credentials = { url, clientId, clientSecret, ...(adminUrl !== undefined && { adminUrl }) }
  await requestToken(io, { ...credentials, timeout }, { audience: MANAGEMENT_AUDIENCE })
  const path = await writeCredentials(io, credentials)
  await tell(io, `logged in at ${url} as ${printable(clientId)}; kept in ${printable(path)}`)
}

async function complete(io: Io, given: Given, options: LoginOptions): Promise<Credentials> {
  const missing = QUESTIONS.filter(({ name }) => given[name] === undefined)
  const answers = missing.length === 0 ? [] : isInteractive(io) ? await ask(io, missing) : await readLines(io)
  for (const [at, { name }] of missing.entries()) {
    const answer = answers[at]?.trim()
    if (!answer) throw new UsageError('login needs a URL, a client id and a client secret')
    given[name] = name === 'url' ? readAddress(answer, 'the URL', allowsInsecure(io, options)) : answer
  }
  return given as Credentials
}

async function ask(io: Io, questions: readonly (typeof QUESTIONS)[number][]): Promise<string[]> {
  const prompt = new Prompt(io)
  try {
    const answers: string[] = []
    for (const { question, isHidden } of questions) answers.push(await prompt.ask(question, { isHidden }))
    return answers
  } finally {
    prompt.close()
  }
}

/** From a pipe: a line for each. */
async function readLines({ stdin }: Io): Promise<string[]> {
  return stdin.isTTY === true ? [] : (await readInput(stdin)).split('\n')
}

/** `logout` */
export async function logout(io: Io): Promise<void> {
  await tell(io, (await removeCredentials(io)) ? 'logged out' : 'nobody was logged in')
}
