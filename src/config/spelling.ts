// How the name of an option is spelled on the command line and in the environment, and how a value is shown to people. The name itself,
// in camelCase, is what the configuration file uses.

/** The options of code whose values nobody else is to see, not even where they are of a wrong type. */
const SECRETS: readonly string[] = ['password', 'passphrase', 'key', 'cert', 'otherCerts', 'otherKeys'];

/** The flag: `logLevel` is `--log-level`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable: `logLevel` is `VOUCH_LOG_LEVEL`. */
export function environmentNameOf(name: string): string {
  return `VOUCH_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** A raw value as a message shows it: strings quoted, all on one line, not endless, without the secrets of a URL. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(withoutSecrets(value)) : withoutSecrets(String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The value of an option of code as a message shows it: of one that may be a secret the type alone. */
export function quoteOf(option: string, value: unknown): string {
  return SECRETS.includes(option) && value !== null ? `something of the type ${typeof value}` : quote(value);
}

/** The same text without what may be secret in a URL: a password, and what stands behind a question mark. Rather too much is left out than too little. */
export function withoutSecrets(text: string): string {
  return text.replace(/(:\/\/[^\s:@/?]*):.*@/su, '$1:***@').replace(/(:\/\/[^?]*\?).+/su, '$1***');
}
