// How the name of an option is spelled on the command line and in the environment. The name itself,
// in camelCase, is what the configuration file uses.

/** The flag: `logLevel` is `--log-level`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable: `logLevel` is `VOUCH_LOG_LEVEL`. */
export function environmentNameOf(name: string): string {
  return `VOUCH_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** A raw value as a message shows it: strings quoted, all on one line, not endless. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
