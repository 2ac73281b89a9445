// Lines of a byte stream, as bytes: what is between two line feeds is a line, whatever it holds, and what
// is left at the end is one, too. A carriage return belongs to its line.

const LINE_FEED = 0x0a;

/**
 * Splits a stream into its lines.
 * @returns Each line without its line feed; a view or a copy of the chunk, which is not reused.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Parts of a line that goes on in the next chunk. Bounded by nothing but the line: the broker's limit decides.
  let parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const rest = chunk.subarray(start, end);
      yield parts.length === 0 ? rest : Buffer.concat([...parts, rest]);
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}
