import { expect } from 'chai'
import type { Answer } from './http.js'
import type { Family } from './ledger.js'
import { management, refreshRequest } from './operations.js'
import { LIMITS, pause } from './run.js'
import type { Target } from './target.js'
import type { World } from './world.js'

/** Everything that was acknowledged is there, once, and nothing was answered that should not have been. */
export async function checkAll(world: World, target: Target): Promise<void> {
  await checkClients(world, target)
  await checkDescriptions(world, target)
  await Promise.all(world.ledger.tokens.map(token => world.verifier.verify(token)))
  for (const family of world.ledger.families) await checkFamily(world, target, family)
  expect(world.ledger.faults).to.deep.equal([])
}

/** This process may find out later than others that the store is back. */
async function good(world: World, target: Target, path: string): Promise<Answer> {
  const endsAt = performance.now() + LIMITS.recovery
  do {
    const answer = await world.attempt(target, management(world, 'check', ['GET', path], [200]))
    if (answer !== undefined) return answer
    await pause(50)
  } while (performance.now() < endsAt)
  throw new Error(`${path} cannot be checked`)
}

async function checkClients(world: World, target: Target): Promise<void> {
  const found = new Map<string, string[]>()
  let next: string | null = null
  do {
    const page: Answer = await good(world, target, `/clients?pageSize=200${next === null ? '' : `&next=${next}`}`)
    const body = JSON.parse(page.text) as { results: { name: string; client_id: string }[]; next: string | null }
    for (const { name, client_id: id } of body.results) found.set(name, [...(found.get(name) ?? []), id])
    next = body.next
  } while (next !== null)
  for (const [name, { id, created, removed }] of world.ledger.clients) {
    const ids = found.get(name) ?? []
    expect(ids, `${name} is doubled`).to.have.length.at.most(1)
    if (removed === 'acknowledged') expect(ids, `${name} was removed`).to.deep.equal([])
    else if (created === 'acknowledged' && removed === undefined) expect(ids, `${name} was made`).to.deep.equal([id])
  }
}

async function checkDescriptions(world: World, target: Target): Promise<void> {
  for (const { id, known, maybe } of world.ledger.descriptions) {
    const { description = '' } = JSON.parse((await good(world, target, `/apis/${id}`)).text) as { description?: string }
    expect([known, ...maybe]).to.include(description)
  }
}

/** The newest token has one successor, however often it is asked; every older one is worth nothing, and ends them all. */
async function checkFamily(world: World, target: Target, { tokens, isEnded }: Family): Promise<void> {
  const successorOf = async (token: string): Promise<string | undefined> => {
    const answer = await world.attempt(target, refreshRequest(world, token, [200, 400]))
    if (answer === undefined) throw new Error('a family cannot be checked')
    return answer.status === 200 ? (JSON.parse(answer.text) as { refresh_token: string }).refresh_token : undefined
  }
  const newest = tokens.at(-1) ?? ''
  const successor = await successorOf(newest)
  if (!isEnded) expect(successor, 'the newest refresh token').to.be.a('string')
  expect(await successorOf(newest)).to.equal(successor)
  for (const old of tokens.slice(0, -1).reverse()) expect(await successorOf(old), 'an old token').to.equal(undefined)
  if (tokens.length > 1 && successor !== undefined) expect(await successorOf(successor)).to.equal(undefined)
}
