import type { CreatedManagementClient } from '../../authorization-server/bootstrap/bootstrap.js'
import { DEMO_AUDIENCE } from './demo.js'

const API = {
  name: 'Internal API',
  identifier: DEMO_AUDIENCE,
  signing_alg: 'RS256',
  token_lifetime: 86400,
  token_dialect: 'access_token_authz',
  enforce_policies: true,
  allow_offline_access: true,
  skip_consent: false,
  permissions: [
    { value: 'read:users', description: 'Read user profiles' },
    { value: 'write:users', description: 'Create or update users' },
  ],
}

/** Shows texts to the person, or the machine, that started the command. */
export interface Screen {
  /** Is it a terminal, with a person before it? */
  isTerminal: boolean
  print(text: string): void
}

/** Shows clients that were made just now: this is the only time their secrets can be had. */
export function showClients(clients: readonly CreatedManagementClient[], { isTerminal, print }: Screen): void {
  if (!isTerminal) {
    for (const client of clients) if (client.clientSecret !== undefined) print(formatLine(client))
  } else if (clients.length > 0) {
    print(`\n${clients.map(formatClient).join('\n\n')}\n`)
  }
}

/** For a machine, or a log: one line for each client. */
function formatLine({ account, issuer, clientId, clientSecret }: CreatedManagementClient): string {
  return `scopegate: management client: account ${account}, issuer ${issuer}, client id ${clientId}, secret ${clientSecret}`
}

function formatClient({ account, issuer, clientId, clientSecret }: CreatedManagementClient): string {
  const lines = [`Account     ${account}`, `Issuer      ${issuer}`, `Client id   ${clientId}`]
  if (clientSecret !== undefined) lines.push(`Secret      ${clientSecret}   (shown this once)`)
  return lines.join('\n')
}

/**
 * Lines to paste into a shell: an API, a client, its token, a protected route.
 * @param base where the account is reached
 */
export function formatTour(base: string, clientId: string, clientSecret: string | undefined, demo: string): string {
  const credentials = `${clientId}:${clientSecret ?? '$MANAGEMENT_CLIENT_SECRET'}`
  return `# 1. a token for the management API
member() { node -pe 'JSON.parse(require("fs").readFileSync(0))[process.argv[1]]' "$1"; }
MANAGEMENT=$(curl -s -u "${credentials}" -d grant_type=client_credentials ${base}/oauth/token | member access_token)

# 2. register an API
curl -s ${base}/apis -H "Authorization: Bearer $MANAGEMENT" -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(API)}'; echo

# 3. register a client
CLIENT=$(curl -s ${base}/clients -H "Authorization: Bearer $MANAGEMENT" -H 'Content-Type: application/json' \\
  -d '{"name":"My service","grant_types":["client_credentials"]}'); echo "$CLIENT"
LOGIN="$(echo "$CLIENT" | member client_id):$(echo "$CLIENT" | member client_secret)"

# 4. a token for the API, and what it says
TOKEN=$(curl -s -u "$LOGIN" -d grant_type=client_credentials -d audience=${DEMO_AUDIENCE} -d scope=read:users ${base}/oauth/token | member access_token)
node -pe 'Buffer.from(process.argv[1].split(".")[1], "base64url").toString()' "$TOKEN"

# 5. a protected route: 200 with this token, 403 with one that lacks the scope
curl -i -s ${demo} -H "Authorization: Bearer $TOKEN"; echo
OTHER=$(curl -s -u "$LOGIN" -d grant_type=client_credentials -d audience=${DEMO_AUDIENCE} -d scope=write:users ${base}/oauth/token | member access_token)
curl -i -s ${demo} -H "Authorization: Bearer $OTHER"; echo
`
}
