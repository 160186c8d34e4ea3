/**
 * The checks' answer, {compliance, claims, words}, as one list of things to mark and to tell.
 * An item: {id, field, start, end, text, state, …what the server said}; offsets count code points.
 */
export const FIELDS = ["title", "description", "meta_description"];
export const FIELD_NAMES = { title: "title", description: "description", meta_description: "meta description" };

/** Gravest first: where two overlap, the graver is the one that is marked. */
export const STATES = ["violation", "contradicted", "unsupported", "word", "advice", "supported"];

export const STATE_WORDS = {
  violation: "may break fair housing law",
  contradicted: "contradicts the record",
  unsupported: "not in the record",
  word: "a word to avoid",
  advice: "worth a second look",
  supported: "supported by the record",
};

const rank = (item) => STATES.indexOf(item.state);

/** Everything that was found, gravest first, then in the order of the text. */
export function itemsOf(checked) {
  const { compliance = {}, claims = {} } = checked || {};
  const named = (state, items) => (items || []).map((item) => ({ ...item, state }));
  const claimed = (claims.items || []).filter((item) => STATES.includes(item.state));
  const items = [
    ...named("violation", compliance.violations),
    ...named("advice", compliance.advice),
    ...named("word", checked?.words),
    ...claimed,
  ];
  const place = (item) => FIELDS.indexOf(item.field) * 1e6 + item.start;
  return items.sort((one, other) => rank(one) - rank(other) || place(one) - place(other));
}

const counted = (number, one, many) => (number ? `${number} ${number === 1 ? one : many}` : "");

/** "7 claims supported · 1 contradicted · 1 unsupported" */
export function countWords(checked) {
  if (!checked?.claims || checked.claims.supported === undefined) return "";
  const { supported, contradicted, unsupported } = checked.claims;
  const violations = checked.compliance?.violations?.length || 0;
  const words = [
    `${supported} ${supported === 1 ? "claim" : "claims"} supported`,
    counted(contradicted, "contradicted", "contradicted"),
    counted(unsupported, "unsupported", "unsupported"),
    counted(violations, "fair housing violation", "fair housing violations"),
  ];
  return words.filter(Boolean).join(" · ");
}

/** Whether something keeps the text from being approved. */
export function blocks(checked) {
  return Boolean(checked?.claims?.contradicted || checked?.compliance?.violations?.length);
}

/** The same findings after the text between two offsets was replaced: those inside it are gone. */
export function afterEdit(checked, field, start, end, length) {
  const moved = (items) =>
    (items || []).flatMap((item) => {
      if (item.field !== field || item.end <= start) return [item];
      if (item.start < end) return [];
      const by = length - (end - start);
      return [{ ...item, start: item.start + by, end: item.end + by }];
    });
  const { compliance = {}, claims = {} } = checked;
  const items = moved(claims.items);
  const count = (state) => items.filter((item) => item.state === state).length;
  const lists = {};
  for (const name of ["violations", "advice"]) if (compliance[name]) lists[name] = moved(compliance[name]);
  const changed = { ...compliance, ...lists, compliant: !lists.violations?.length };
  const counts = Object.fromEntries(["supported", "contradicted", "unsupported"].map((state) => [state, count(state)]));
  return { compliance: changed, claims: { ...claims, ...counts, items }, words: moved(checked.words) };
}
