/** A place on the command line, and what may follow there. */
export interface Place {
  /** The commands up to it, each with a blank before it: ` apis list`. */
  path: string
  words: readonly { name: string; description: string }[]
  options: readonly { names: readonly string[]; description: string; value: 'none' | 'text' | 'file' }[]
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** All paths but the root's, as the patterns of a `case`. */
const patterns = (places: readonly Place[]): string =>
  places
    .filter(({ path }) => path !== '')
    .map(({ path }) => quote(path))
    .join('|')

/** For bash and zsh: what follows at each place, which options take a value, and which of those a file. */
function cases(places: readonly Place[]): string {
  return places
    .map(({ path, words, options }) => {
      const named = (value: string): string =>
        quote(options.flatMap(option => (option.value === value ? option.names : [])).join(' '))
      const all = quote([...words.map(({ name }) => name), ...options.flatMap(({ names }) => names)].join(' '))
      return `    ${quote(path)}) all=${all} texts=${named('text')} files=${named('file')} ;;`
    })
    .join('\n')
}

export function bashScript(places: readonly Place[]): string {
  return `# For ~/.bashrc: eval "$(scopegate completion bash)"
_scopegate() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place= all= texts= files= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
    ${patterns(places)}) place="$place \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$place" in
${cases(places)}
  esac
  case " $files " in *" $previous "*) compopt -o filenames 2> /dev/null; local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  case " $texts " in *" $previous "*) return ;; esac
  COMPREPLY=($(compgen -W "$all" -- "$current"))
}
complete -F _scopegate scopegate
`
}

export function zshScript(places: readonly Place[]): string {
  return `#compdef scopegate
# For ~/.zshrc, below compinit: source <(scopegate completion zsh)
_scopegate() {
  local previous=\${words[CURRENT-1]} place= all= texts= files= word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
    ${patterns(places)}) place="$place $word" ;;
    esac
  done
  case "$place" in
${cases(places)}
  esac
  case " $files " in *" $previous "*) _files; return ;; esac
  case " $texts " in *" $previous "*) return ;; esac
  compadd -- \${=all}
}
if [[ "\${funcstack[1]}" == _scopegate ]]; then _scopegate "$@"; else compdef _scopegate scopegate; fi
`
}

export function fishScript(places: readonly Place[]): string {
  const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = places.flatMap(({ path, words, options }) => {
    const at = `complete -c scopegate -n 'test (__scopegate_place) = "at${path}"'`
    return [
      ...words.map(({ name, description }) => `${at} -a ${name} -d ${text(description)}`),
      ...options.map(({ names, description, value }) => {
        const flags = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
        const needs = { none: '', text: ' -x', file: ' -rF' }[value]
        return `${at} ${flags.join(' ')}${needs} -d ${text(description)}`
      }),
    ]
  })
  return `# For ~/.config/fish/config.fish: scopegate completion fish | source
function __scopegate_place
  set -l place ''
  for word in (commandline -opc)[2..-1]
    switch "$place $word"
      case ${places
        .filter(({ path }) => path !== '')
        .map(({ path }) => text(path))
        .join(' ')}
        set place "$place $word"
    end
  end
  echo "at$place"
end
complete -c scopegate -f
${lines.join('\n')}
`
}
