// What a token says of a client, once it is known to be good: a claim by its name, which may also be a path into objects
// (`realm_access.roles`), and what is taken as a user name and as groups. A claim of another form than expected is a refusal, not a
// guess: a rule may deny something to the group that could not be read.

const NAME_LENGTH_MAX = 1_024;
const GROUPS_MAX = 100;

/** The value of a claim; `undefined`: it has none. A claim of that very name goes before a path. */
export function claimOf(payload: object, name: string): unknown {
  if (Object.hasOwn(payload, name)) return ownValue(payload, name);
  let value: unknown = payload;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = ownValue(value, step);
  }
  return value;
}

/** The claim as a name; `undefined`: it is none. */
export function nameIn(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > NAME_LENGTH_MAX) return undefined;
  return value.isWellFormed() && !value.includes('\0') ? value : undefined;
}

/** The claim as groups: a list of names, or one text with spaces between; `undefined`: it is neither. */
export function groupsIn(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  const given: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(' ').filter((group) => group !== '')
      : [undefined];
  const groups = given.map(nameIn).filter((group) => group !== undefined);
  return groups.length === given.length && groups.length <= GROUPS_MAX ? groups : undefined;
}

function ownValue(object: object, name: string): unknown {
  return Reflect.get(object, name);
}
