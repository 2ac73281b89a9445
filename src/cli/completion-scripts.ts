// What a shell is told so that it completes `vouch`: a script for bash, zsh or fish, made from the tables of commands and options. A
// value is completed where the tables say what it may be: one of a few words, or a file.

import { unreachable } from '../base/assert.ts';
import { flagOf } from '../config/spelling.ts';
import type { OperandOutline } from './command.ts';
import type { Option } from './option-table.ts';

/** A command as a shell knows it. */
export interface CompletedCommand {
  /** As typed after `vouch`: `store check`. */
  readonly path: string;
  readonly sentence: string;
  /** By their names in camelCase. */
  readonly options: readonly (readonly [string, Option<unknown>])[];
  readonly operands: readonly OperandOutline[];
  /** What follows it, where it is several commands. */
  readonly commands: readonly { readonly name: string; readonly sentence: string }[];
}

/** The shells. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof SHELLS)[number];

/** Option values and operands with such a name are files. */
const FILES: ReadonlySet<string> = new Set(['FILE', 'DIR', 'PATH']);
const SENTENCE_MAX = 70;

/**
 * The script.
 * @param commands  All there are; the first is `vouch` itself, with the path ''.
 */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
    default:
      return unreachable(shell);
  }
}

/** How a value is completed. */
type ValueKind = 'none' | 'files' | 'words' | 'anything';

function valueKind({ metavar, choices }: Option<unknown>): ValueKind {
  if (metavar === undefined) return 'none';
  if (choices.length > 0) return 'words';
  return FILES.has(metavar) ? 'files' : 'anything';
}

/** Every spelling of an option. */
function spellings(name: string, { short, negatable }: Option<unknown>): readonly string[] {
  const long = flagOf(name);
  return [...(short === undefined ? [] : [`-${short}`]), long, ...(negatable ? [long.replace('--', '--no-')] : [])];
}

/** Paths of commands that are several, as patterns of bash. */
function groupsOf(commands: readonly CompletedCommand[]): readonly string[] {
  return commands
    .filter(({ path, commands: parts }) => path !== '' && parts.length > 0)
    .map(({ path }) => quoted(path));
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(([name, option]) => {
      const kind = valueKind(option);
      if (kind === 'none') return [];
      const pattern = spellings(name, option)
        .map((spelling) => `'${path}/${spelling}'`)
        .join('|');
      const words = option.choices.join(' ');
      const action =
        kind === 'files' ? '_vouch_files' : kind === 'words' ? `_vouch_words ${quoted(words)}` : 'COMPREPLY=()';
      return [`    ${pattern}) ${action}; return ;;`];
    }),
  );
  const words = commands.map(({ path, options, operands, commands: parts }) => {
    const choices = operands.flatMap((operand) => operand.choices);
    const known = [
      ...parts.map(({ name }) => name),
      ...choices,
      ...options.flatMap((row) => spellings(...row)),
      '--help',
    ];
    return `    '${path}') words=${quoted(known.join(' '))} ;;`;
  });
  const takingFiles = commands.filter(({ operands }) => operands.some(({ name }) => FILES.has(name)));
  const operands = takingFiles.map(({ path }) => `    '${path}/'[!-]*|'${path}/') _vouch_files; return ;;`).join('\n');
  return `# Completion of vouch for bash, made by "vouch completion bash".
_vouch_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "\${COMP_WORDS[COMP_CWORD]}")
}

_vouch_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
}

_vouch() {
  local path='' words='' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    path+="\${path:+ }\${COMP_WORDS[at]}"
    case $path in
      ${groupsOf(commands).join('|')}) ;;
      *) break ;;
    esac
  done
  case "$path/\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  case "$path/\${COMP_WORDS[COMP_CWORD]}" in
${operands}
  esac
  case $path in
${words.join('\n')}
  esac
  _vouch_words "$words"
}

complete -F _vouch vouch
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const functions = commands.map((command) => {
    const { path, options, operands, commands: parts } = command;
    const name = zshName(path);
    if (parts.length > 0) {
      const described = parts.map((part) => `    ${quoted(`${part.name}:${brief(part.sentence)}`)}`).join('\n');
      const cases = parts.map((part) => {
        return `    ${part.name}) shift words; ((CURRENT--)); ${zshName(`${path} ${part.name}`.trim())} ;;`;
      });
      return `${name}() {
  local -a commands=(
${described}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  case \${words[2]} in
${cases.join('\n')}
  esac
}`;
    }
    const rows = options.map(([optionName, option]) => zshOption(optionName, option));
    const files = operands.map(zshOperand);
    const lines = [...rows, "'--help[Show the help page]'", ...files];
    return `${name}() {\n  _arguments -S \\\n    ${lines.join(' \\\n    ')}\n}`;
  });
  return `#compdef vouch
# Completion of vouch for zsh, made by "vouch completion zsh".
${functions.join('\n\n')}

if [[ $funcstack[1] == _vouch ]]; then
  _vouch "$@"
else
  compdef _vouch vouch
fi
`;
}

function zshName(path: string): string {
  return `_vouch${path === '' ? '' : `_${path.replaceAll(' ', '_')}`}`;
}

function zshOperand({ name, choices }: OperandOutline): string {
  if (choices.length > 0) return quoted(`:${name}:(${choices.join(' ')})`);
  return quoted(`:${name}:${FILES.has(name) ? '_files' : ' '}`);
}

function zshOption(name: string, option: Option<unknown>): string {
  const sentence = brief(option.sentence).replaceAll(/[[\]:]/g, (letter) => `\\${letter}`);
  const kind = valueKind(option);
  const action = kind === 'files' ? '_files' : kind === 'words' ? `(${option.choices.join(' ')})` : ' ';
  const value = kind === 'none' ? '' : `:${option.metavar}:${action}`;
  return spellings(name, option)
    .map((spelling) => quoted(`*${spelling}[${sentence}]${value}`))
    .join(' \\\n    ');
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, options, operands, commands: parts }) => {
    const is = `complete -c vouch -n ${quoted(`__vouch_is ${path}`.trim())}`;
    const begins = `complete -c vouch -n ${quoted(`__vouch_begins ${path}`.trim())}`;
    const rows = options.flatMap(([name, option]) => {
      const kind = valueKind(option);
      const short = option.short === undefined ? '' : ` -s ${option.short}`;
      const value =
        kind === 'none'
          ? ''
          : kind === 'files'
            ? ' -r -F'
            : kind === 'words'
              ? ` -x -a ${quoted(option.choices.join(' '))}`
              : ' -x';
      return spellings(name, option)
        .filter((spelling) => spelling.startsWith('--'))
        .map((spelling, index) => {
          const letter = index === 0 ? short : '';
          return `${begins}${letter} -l ${spelling.slice(2)}${value} -d ${quoted(brief(option.sentence))}`;
        });
    });
    const takesFiles = operands.some(({ name }) => FILES.has(name));
    const [choices = []] = operands.map((operand) => operand.choices);
    return [
      ...parts.map((part) => `${is} -a ${part.name} -d ${quoted(brief(part.sentence))}`),
      ...rows,
      ...(takesFiles ? [`${begins} -F`] : []),
      ...(choices.length === 0 ? [] : [`${is} -a ${quoted(choices.join(' '))}`]),
    ];
  });
  return `# Completion of vouch for fish, made by "vouch completion fish".
function __vouch_is
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end

function __vouch_begins
    set -l words (commandline -opc)
    set -e words[1]
    set -l count (count $argv)
    test $count -gt 0; and test (count $words) -ge $count; and test "$words[1..$count]" = "$argv"
end

complete -c vouch -f
complete -c vouch -l help -d 'Show the help page'
${lines.join('\n')}
`;
}

/** The first part of a sentence, which fits beside an option. */
function brief(sentence: string): string {
  const [first = ''] = sentence.split(/[.;:]( |$)/, 1);
  return first.length <= SENTENCE_MAX ? first : `${first.slice(0, SENTENCE_MAX - 3)}...`;
}

/** One word to each of these shells; none of them has an escape within single quotes that we need but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
