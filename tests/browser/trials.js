// Known answers and seeded damage for verify.js: node trials.js FOLDER, silent when all is well.
"use strict";
const { readFileSync } = require("fs"), crypto = require("crypto"), assert = require("assert");
const folder = process.argv[2], pack = require(`${folder}/verify.js`);
const hex = (octets) => Buffer.from(octets).toString("hex");

for (const size of [0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 127, 128, 1000]) {
  const octets = Buffer.alloc(size, size);
  assert.equal(hex(pack.sha256(octets)), crypto.createHash("sha256").update(octets).digest("hex"));
  assert.equal(hex(pack.sha512(octets)), crypto.createHash("sha512").update(octets).digest("hex"));
}

// RFC 8032, section 7.1, test 2.
const key = Buffer.from("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "hex");
const signature = Buffer.from("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
  + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00", "hex");
assert(pack.ed25519(key, Uint8Array.of(0x72), signature));
for (let at = 0; at < 64; at += 7) {
  const damaged = Uint8Array.from(signature);
  damaged[at] ^= 1 << at % 8;
  assert(!pack.ed25519(key, Uint8Array.of(0x72), damaged), `octet ${at}`);
}
const order = 2n ** 252n + 27742317777372353535851937790883648493n; // s + L is another signature
let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + order;
const longer = Uint8Array.from(signature);
for (let at = 32; at < 64; at++, s >>= 8n) longer[at] = Number(s & 255n);
assert(!pack.ed25519(key, Uint8Array.of(0x72), longer));

// The page's own data, whole and then damaged in one bit of any line.
const page = readFileSync(`${folder}/index.html`, "utf8");
const inside = (id) => page.split(`id="${id}">`)[1].split("</script>")[0].trim();
const about = JSON.parse(inside("pack")), lines = inside("entries").split("\n");
const { period } = about;
const judged = (changed, note = about.checkpoint, text = about.key) =>
  pack.verifyPack(period, text, note, changed).broken;
assert.equal(judged(lines), null);
let state = 6962;
const chance = (n) => { state = (state * 48271) % 2147483647; return state % n; };
for (let trial = 0; trial < 120; trial++) {
  const at = chance(lines.length), octets = Buffer.from(lines[at]);
  octets[chance(octets.length)] ^= 1 << chance(7);
  const changed = [...lines];
  changed[at] = octets.toString("latin1");
  const found = judged(changed);
  assert(found, `trial ${trial}`);
  if (at < period.count) assert.equal(found, `entry ${period.first + at}`, `trial ${trial}`);
}
for (let trial = 0; trial < 30; trial++) {
  const at = chance(about.checkpoint.length);
  const other = String.fromCharCode(about.checkpoint.charCodeAt(at) ^ 1);
  assert(judged(lines, about.checkpoint.slice(0, at) + other + about.checkpoint.slice(at + 1)), `note ${at}`);
}
assert(judged([...lines.slice(0, 3), lines[4], lines[3], ...lines.slice(5)]));
assert(judged(lines.slice(0, period.count))); // the neighbours show that the period is complete
