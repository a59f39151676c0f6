
// --- the page --------------------------------------------------------------------------------

const element = (id) => document.getElementById(id);

function told(tag, text, into) {
  const element = document.createElement(tag);
  element.textContent = text;
  into.append(element);
  return element;
}

function table(id, caption, names, rows) {
  const section = element(id), frame = told("div", "", section);
  if (!rows.length) { told("p", "None in this period.", frame); return; }
  frame.className = "frame";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", caption);
  const grid = told("table", "", frame), top = told("tr", "", told("thead", "", grid));
  for (const name of names) told("th", name, top).scope = "col";
  const body = told("tbody", "", grid);
  for (const row of rows) {
    const line = told("tr", "", body);
    for (const cell of row) told("td", cell === null || cell === undefined ? "" : String(cell), line);
  }
}

const plain = (data) => Object.entries(data)
  .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
  .join(", ");

function changeRow(entry) {
  const { reason, ticket, ...rest } = entry.data;
  return [entry.seq, entry.time, entry.actor, entry.action, entry.entity, reason, ticket, plain(rest)];
}

// The sheets are made here of the entries that were verified, not taken from the pack.
// KINDS and APPROVED stand before this program: page.py.
const kinds = new Map(Object.entries(KINDS));
const kind = (entry) => kinds.get(entry.action.split(".")[0]);
const isApproved = (entry) => APPROVED.some((begin) => entry.action.startsWith(begin));
const first = (data, ...names) => data[names.find((name) => name in data)] ?? null;

function approvals(entries) {
  const rows = entries.filter(isApproved).map((e) => [e.seq, e.time,
    e.actor, e.action, e.entity, e.data.reason, e.data.ticket, (e.data.allowed || []).join(", ")]);
  table("approvals", "Approvals",
    ["entry", "time", "actor", "action", "what", "reason", "ticket", "allowed"], rows);
}

function inventory(entries, until) {
  const standing = new Map();
  const known = entries.filter((entry) => kind(entry) && entry.time < until);
  for (const e of known.sort((a, b) => a.seq - b.seq)) standing.set(`${kind(e)} ${e.entity}`, e);
  const rows = [...standing].sort().map(([, e]) => [e.seq, kind(e), e.entity, e.time,
    e.action.slice(e.action.indexOf(".") + 1), plain(e.data)]);
  table("inventory", "Inventory", ["entry", "kind", "name", "seen", "status", "facts"], rows);
}

function handshakes(entries) {
  const rows = entries.filter(kind).map((e) => [e.seq, e.time, e.entity,
    first(e.data, "handshakes", "pinMatchSample"),
    first(e.data, "handshake_success_rate", "pinMatchRate"), first(e.data, "pinMatchLowerBound"),
    first(e.data, "p50_ms"), first(e.data, "p95_ms"), first(e.data, "p99_ms")]).filter((row) => row[3]);
  table("handshakes", "Handshakes", ["entry", "time", "name", "tried", "success rate", "lower bound",
    "p50 ms", "p95 ms", "p99 ms"], rows);
}

function verdict(word, why) {
  document.body.dataset.verdict = word.split(" ")[0];
  element("verdict").textContent = word;
  told("p", why, element("why"));
}

function shownPack() {
  const pack = JSON.parse(element("pack").textContent);
  const { since, until, first, count, sealed } = pack.period;
  const lines = element("entries").textContent.trim().split("\n").filter(Boolean);
  const found = verifyPack(pack.period, pack.key, pack.checkpoint, lines);
  element("period").textContent = `${since} to ${until}`;
  element("key").textContent = pack.key;
  element("note").textContent = pack.checkpoint;
  if (found.broken) {
    verdict(`broken at ${found.broken}`, `${found.why}. Nothing of this pack can be relied on.`);
    return;
  }
  const { entries, signed } = found, inside = entries.slice(0, count);
  const range = count ? `entries ${first} to ${first + count - 1}` : "no entry";
  verdict("verified", `The period has ${range}. Each is in the tree of ${signed.size} entries that was`
    + " signed, none was changed, and none of the period is missing."
    + (sealed && first <= sealed ? ` Entries 0 to ${sealed - 1} are sealed in archives of their own:`
      + " those of them that are of the period stand there, not here." : ""));
  table("changes", "Changes",
    ["entry", "time", "actor", "action", "entity", "reason", "ticket", "data"], inside.map(changeRow));
  approvals(inside);
  inventory(entries, until);
  handshakes(inside);
  element("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const line of document.querySelectorAll("#changes tbody tr")) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted);
    }
  });
}

if (typeof document !== "undefined") {
  try { shownPack(); } catch (error) {
    verdict("broken", `The pack cannot be read: ${error.message}.`);
  }
}
