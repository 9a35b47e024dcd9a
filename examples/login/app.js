// The single-page client: oidc-client-ts by discovery, with PKCE, tokens in memory alone.
const { UserManager, WebStorageStateStore, InMemoryWebStorage } = globalThis.oidc

const clientId = new URLSearchParams(location.search).get('client_id') ?? sessionStorage.getItem('client_id') ?? ''
sessionStorage.setItem('client_id', clientId)

const manager = new UserManager({
  authority: location.origin,
  client_id: clientId,
  redirect_uri: `${location.origin}/`,
  response_type: 'code',
  scope: 'openid profile offline_access read:notes write:notes',
  extraQueryParams: { audience: 'https://notes.example.com' },
  userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  loadUserInfo: true,
  automaticSilentRenew: false,
})

const element = id => document.getElementById(id)
const say = text => {
  element('status').textContent = text
}

async function show(user) {
  const isSignedIn = user !== null
  element('sign-in').hidden = isSignedIn
  for (const id of ['read', 'write', 'refresh', 'sign-out']) element(id).hidden = !isSignedIn
  if (isSignedIn) say(`${user.profile.name ?? user.profile.sub} is signed in, with: ${user.scope}`)
}

async function call(method, body) {
  const user = await manager.getUser()
  const headers = { authorization: `Bearer ${user?.access_token}`, 'content-type': 'application/json' }
  const answer = await fetch('/api/notes', { method, headers, ...(body && { body: JSON.stringify(body) }) })
  return { status: answer.status, body: await answer.json() }
}

element('sign-in').onclick = () => manager.signinRedirect()
element('read').onclick = async () => {
  const { status, body } = await call('GET')
  if (status !== 200) return say(`The notes cannot be read: ${status}`)
  element('notes').replaceChildren(
    ...body.map(({ text, by }) => Object.assign(document.createElement('li'), { textContent: `${text} (${by})` })),
  )
  say(`${body.length} notes`)
}
element('write').onclick = async () => {
  const { status } = await call('POST', { text: `A note of ${new Date().toISOString()}` })
  say(status === 201 ? 'The note is written.' : `The note cannot be written: ${status}`)
}
element('refresh').onclick = async () => {
  const user = await manager.signinSilent()
  say(`New tokens, with: ${user?.scope}`)
}
element('sign-out').onclick = async () => {
  await manager.revokeTokens(['refresh_token'])
  await manager.removeUser()
  const form = Object.assign(document.createElement('form'), { method: 'post', action: '/logout' })
  document.body.append(form)
  form.submit()
}

const answer = new URLSearchParams(location.search)
if (answer.has('state')) {
  try {
    await show(await manager.signinRedirectCallback())
  } catch (error) {
    say(`Not signed in: ${error.message}`)
  }
  history.replaceState(null, '', '/')
} else {
  await show(await manager.getUser())
}
