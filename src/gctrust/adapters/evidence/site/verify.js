// Verifies an evidence pack: every entry's path to the root of a signed checkpoint.
// In a browser it is part of index.html; with Node: node verify.js FOLDER. It asks nobody anything,
// and carries its own SHA-256, SHA-512 and Ed25519, so that no browser's set of algorithms matters.
"use strict";

// --- hashes (FIPS 180-4) ---------------------------------------------------------------------

function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
}

// The first `bits` bits of the fractional part of the root, exactly: integer roots of p << k.
function fraction(prime, root, bits) {
  const n = BigInt(prime) << BigInt(root * bits);
  let low = 0n, high = 1n << BigInt(bits + 10);
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(root) <= n) low = middle; else high = middle;
  }
  return low & ((1n << BigInt(bits)) - 1n);
}

const K256 = Int32Array.from(primes(64), (p) => Number(fraction(p, 3, 32)));
const H256 = Int32Array.from(primes(8), (p) => Number(fraction(p, 2, 32)));
const K512 = primes(80).map((p) => fraction(p, 3, 64));
const H512 = primes(8).map((p) => fraction(p, 2, 64));

function padded(octets, block, lengthSize) {
  const size = Math.ceil((octets.length + 1 + lengthSize) / block) * block;
  const whole = new Uint8Array(size);
  whole.set(octets);
  whole[octets.length] = 0x80;
  new DataView(whole.buffer).setBigUint64(size - 8, BigInt(octets.length) * 8n);
  return whole;
}

function sha256(octets) {
  const view = new DataView(padded(octets, 64, 8).buffer), w = new Int32Array(64), h = H256.slice();
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let at = 0; at < view.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3))
        + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, k] = h;
    for (let i = 0; i < 64; i++) {
      const one = (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K256[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      k = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, k].forEach((x, i) => { h[i] += x; });
  }
  const out = new DataView(new ArrayBuffer(32));
  h.forEach((x, i) => out.setInt32(4 * i, x));
  return new Uint8Array(out.buffer);
}

function sha512(octets) {
  const view = new DataView(padded(octets, 128, 16).buffer), mask = (1n << 64n) - 1n;
  const turn = (x, n) => ((x >> n) | (x << (64n - n))) & mask;
  const h = H512.slice(), w = [];
  for (let at = 0; at < view.byteLength; at += 128) {
    for (let i = 0; i < 16; i++) w[i] = view.getBigUint64(at + 8 * i);
    for (let i = 16; i < 80; i++) {
      const a = w[i - 15], b = w[i - 2];
      w[i] = (w[i - 16] + w[i - 7] + (turn(a, 1n) ^ turn(a, 8n) ^ (a >> 7n))
        + (turn(b, 19n) ^ turn(b, 61n) ^ (b >> 6n))) & mask;
    }
    let [a, b, c, d, e, f, g, k] = h;
    for (let i = 0; i < 80; i++) {
      const one = k + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)) + ((e & f) ^ (~e & mask & g)) + K512[i] + w[i];
      const two = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      k = g; g = f; f = e; e = (d + one) & mask; d = c; c = b; b = a; a = (one + two) & mask;
    }
    [a, b, c, d, e, f, g, k].forEach((x, i) => { h[i] = (h[i] + x) & mask; });
  }
  const out = new DataView(new ArrayBuffer(64));
  h.forEach((x, i) => out.setBigUint64(8 * i, x));
  return new Uint8Array(out.buffer);
}

// --- Ed25519 (RFC 8032, sections 5.1.3, 5.1.4 and 5.1.7) -------------------------------------

const P = 2n ** 255n - 19n, ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (x) => ((x % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (base = mod(base); exponent; exponent >>= 1n, base = base * base % P) {
    if (exponent & 1n) result = result * base % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const littleEndian = (octets) => octets.reduceRight((n, octet) => (n << 8n) | BigInt(octet), 0n);

function point(octets) {
  const bits = littleEndian(octets), y = bits & ((1n << 255n) - 1n), sign = bits >> 255n;
  if (y >= P) return null;
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(v * x * x) !== u || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, base) {
  let result = [0n, 1n, 1n, 0n];
  for (; scalar; scalar >>= 1n, base = sum(base, base)) if (scalar & 1n) result = sum(result, base);
  return result;
}

const BASE = point(Uint8Array.from({ length: 32 }, (_, i) => (i ? 0x66 : 0x58)));

function ed25519(key, text, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const a = point(key), r = point(signature.subarray(0, 32));
  const s = littleEndian(signature.subarray(32));
  if (!a || !r || s >= ORDER) return false;
  const k = littleEndian(sha512(joined(signature.subarray(0, 32), key, text))) % ORDER;
  const [x1, y1, z1] = times(s, BASE), [x2, y2, z2] = sum(r, times(k, a));
  return mod(x1 * z2) === mod(x2 * z1) && mod(y1 * z2) === mod(y2 * z1);
}

// --- octets ----------------------------------------------------------------------------------

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

const utf8 = (text) => new TextEncoder().encode(text);
const same = (a, b) => a.length === b.length && a.every((octet, i) => octet === b[i]);

// Strict: what is not the one base64 of its octets is refused, so that no changed bit is idle.
function base64(text) {
  const octets = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  let back = "";
  for (const octet of octets) back += String.fromCharCode(octet);
  if (btoa(back) !== text) throw new Error("it is not base64");
  return octets;
}

// --- the checkpoint (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) -------------------------

function openNote(note, keyText) {
  const [name, id, ...rest] = keyText.trim().split("+"), key = base64(rest.join("+"));
  const named = sha256(joined(utf8(name + "\n"), key)).subarray(0, 4);
  const hex = Array.from(named, (octet) => octet.toString(16).padStart(2, "0")).join("");
  if (key[0] !== 1 || hex !== id) throw new Error("the verifier key is damaged");
  const gap = note.lastIndexOf("\n\n"), body = note.slice(0, gap + 1);
  for (const line of note.slice(gap + 2).split("\n")) {
    if (!line.startsWith(`\u2014 ${name} `)) continue;
    const blob = base64(line.slice(name.length + 3));
    if (!same(blob.subarray(0, 4), named)) continue;
    if (ed25519(key.subarray(1), utf8(body), blob.subarray(4))) return checkpoint(body, name);
  }
  throw new Error("the checkpoint is not signed by the verifier key");
}

function checkpoint(body, name) {
  const [origin, size, root] = body.split("\n");
  if (origin !== name || !/^\d+$/.test(size)) throw new Error("the checkpoint is another log's");
  return { origin, size: Number(size), root: base64(root) };
}

// --- the tree (RFC 6962 section 2.1, RFC 9162 section 2.1.3.2) -------------------------------

const leafHash = (entry) => sha256(joined(Uint8Array.of(0), entry));
const nodeHash = (left, right) => sha256(joined(Uint8Array.of(1), left, right));

function included(entry, index, path, signed) {
  let node = index, last = signed.size - 1, hash = leafHash(entry);
  if (index > last) return false;
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node) { node = Math.floor(node / 2); last = Math.floor(last / 2); }
    } else hash = nodeHash(hash, sibling);
    node = Math.floor(node / 2); last = Math.floor(last / 2);
  }
  return last === 0 && same(hash, signed.root);
}

// --- the pack --------------------------------------------------------------------------------

// `head`: first, count, since, until, and how many entries are sealed away. `lines`: "SEQ ENTRY HASH HASH ...", all base64; the entries
// `first` to `first + count - 1`, then others that tell of before and after.
function verifyPack(head, key, note, lines) {
  let signed;
  try { signed = openNote(note, key); } catch (error) { return broken(null, error.message); }
  const entries = [];
  for (let i = 0; i < Math.max(lines.length, head.count); i++) {
    const inside = i < head.count, [label, text, ...path] = (lines[i] || "").split(" ");
    const seq = inside ? head.first + i : Number(label);
    try {
      if (label !== String(seq)) throw new Error("another entry stands in its place");
      const octets = base64(text);
      if (!included(octets, seq, path.map(base64), signed)) {
        throw new Error("it is not what the checkpoint was signed over");
      }
      const entry = JSON.parse(new TextDecoder().decode(octets));
      if (entry.seq !== seq) throw new Error("it says another number");
      entries.push(entry);
    } catch (error) { return broken(seq, error.message); }
  }
  const gap = incomplete(head, entries, signed);
  return gap === null ? { broken: null, entries, signed } : broken(gap, "the period is not complete");
}

const broken = (seq, why) => ({ broken: seq === null ? "the checkpoint" : `entry ${seq}`, why });

const sealedTo = ({ action, data }) => (action === "ledger.sealed" ? data.end : null);

// Nothing of the period was left out at either end: the neighbours lie outside of it, or an entry of
// the ledger says that what was before is sealed.
function incomplete(head, entries, signed) {
  const at = new Map(entries.map((entry) => [entry.seq, entry.time])), end = head.first + head.count;
  const before = head.first - 1;
  if (head.first > head.sealed) { if (!(at.get(before) < head.since)) return before; }
  else if (head.sealed && !entries.some((entry) => sealedTo(entry) === head.sealed)) return before;
  return end < signed.size && !(at.get(end) >= head.until) ? end : null;
}

// A folder's changes.jsonl as the lines above.
function linesOf(changes) {
  return changes.trimEnd().split("\n").map((line) => {
    const at = line.indexOf(',"entry":'), { seq, path } = JSON.parse(line.slice(0, at) + "}");
    const entry = Buffer.from(line.slice(at + 9, -1), "utf8").toString("base64");
    return [seq, entry, ...path].join(" ");
  });
}

if (typeof module !== "undefined") {
  module.exports = { sha256, sha512, ed25519, openNote, included, verifyPack };
  if (require.main === module) {
    const { readFileSync } = require("fs"), folder = process.argv[2] || ".";
    const read = (name) => readFileSync(`${folder}/${name}`, "utf8");
    const head = JSON.parse(read("manifest.json")).period;
    const found = verifyPack(head, read("key.txt"), read("checkpoint.txt"), linesOf(read("changes.jsonl")));
    console.log(found.broken ? `broken at ${found.broken}: ${found.why}` : `verified: ${head.count} entries`);
    process.exitCode = found.broken ? 10 : 0;
  }
}
