// Every name from outside the language that the pure rooms (base, packet, topic, session) may use.
// tsconfig.pure.json compiles them with no other types, so a socket, a timer, a clock, a Buffer or a
// random number in one of them does not compile.

/** The WHATWG decoder, present in Node.js and in browsers. */
declare class TextDecoder {
  constructor(label: 'utf-8', options: { readonly fatal: boolean; readonly ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

/** The WHATWG encoder, present in Node.js and in browsers. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}
