/**
 * Places in a text. The server counts characters as people do (code points, one for an emoji);
 * strings here count UTF-16 units, two for an emoji. These turn the one into the other.
 */

/** How to turn a server's offset into `text` into an index of it. */
export function toIndex(text) {
  if (!/[\ud800-\udfff]/.test(text)) return (offset) => Math.min(offset, text.length);
  const starts = [];
  let index = 0;
  for (const character of text) {
    starts.push(index);
    index += character.length;
  }
  return (offset) => (offset < starts.length ? starts[offset] : text.length);
}

/** How many characters the server counts in `text`. */
export function characters(text) {
  let count = 0;
  for (const character of text) count += character ? 1 : 0;
  return count;
}

/** The part of `text` between two of the server's offsets. */
export function part(text, start, end) {
  const index = toIndex(text);
  return text.slice(index(start), index(end));
}
