// As much of DER (X.690), the encoding of certificates, as it takes to find numbers and names in them. Nothing of it is for untrusted
// bytes alone: OpenSSL has read what comes here. Still, bytes that are no DER yield fewer elements, and nothing worse.

/** One element: where it begins, where its contents do, and where both end. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly contents: number;
  readonly end: number;
}

/** The tags that are asked for. */
export const DER = { integer: 0x02, utcTime: 0x17, time: 0x18, sequence: 0x30, version: 0xa0 } as const;

/** The elements that stand in a row, up to the first that is none. */
export function elementsIn(bytes: Uint8Array, start: number, end: number): readonly DerElement[] {
  const elements: DerElement[] = [];
  for (let at = start; at < end; ) {
    const element = elementAt(bytes, at, end);
    if (element === undefined) break;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

/** The elements in the first element. */
export function elementsOfFirst(bytes: Uint8Array, start: number, end: number): readonly DerElement[] {
  const element = elementAt(bytes, start, end);
  return element === undefined ? [] : elementsIn(bytes, element.contents, element.end);
}

function elementAt(bytes: Uint8Array, start: number, end: number): DerElement | undefined {
  const [tag, first] = [bytes[start], bytes[start + 1]];
  if (tag === undefined || first === undefined || start + 2 > end) return undefined;
  let [length, contents] = [first, start + 2];
  if (first > 0x80) {
    // Four bytes of length are 4 GiB.
    const count = first & 0x7f;
    if (count > 4 || contents + count > end) return undefined;
    length = 0;
    for (const byte of bytes.subarray(contents, contents + count)) length = length * 256 + byte;
    contents += count;
  } else if (first === 0x80) return undefined;
  return contents + length > end ? undefined : { tag, start, contents, end: contents + length };
}
