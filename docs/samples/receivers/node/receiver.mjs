// A receiver of gctrust's webhooks that verifies, with Node's own modules alone.
//
//     WEBHOOK_SECRET=whsec_... node receiver.mjs [PORT]
//
// It prints one line for each event that is new and genuine. Standard Webhooks; CloudEvents 1.0.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE = 300; // seconds a timestamp may be off, either way
const LARGEST = 1 << 20; // octets
const MONTH = 30 * 86400; // retries go on for more than three days and keep the id

// Several secrets may be given, so that one can be rotated without a lost delivery.
const keys = process.env.WEBHOOK_SECRET.split(/\s+/)
  .filter(Boolean)
  .map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
const seen = new Map(); // id -> when it was accepted; a database table where you have one

// The event, or null for one that was accepted before. Throws for what is not ours.
function verify(headers, body, now) {
  const id = headers["webhook-id"] ?? "";
  const stamp = headers["webhook-timestamp"] ?? "";
  if (!id || !/^\d+$/.test(stamp)) throw new Error("headers are missing");
  if (Math.abs(now - Number(stamp)) > TOLERANCE) throw new Error("the timestamp is too far off");
  const signed = Buffer.concat([Buffer.from(`${id}.${stamp}.`), body]);
  const expected = keys.map((key) => createHmac("sha256", key).update(signed).digest());
  const given = (headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((word) => word.startsWith("v1,"))
    .map((word) => Buffer.from(word.slice(3), "base64"));
  const fits = given.some((one) =>
    expected.some((other) => one.length === other.length && timingSafeEqual(one, other)),
  );
  if (!fits) throw new Error("no signature fits");
  const event = JSON.parse(body.toString("utf8")); // only now: nothing that is not ours is parsed
  for (const [old, at] of seen) if (now - at > MONTH) seen.delete(old);
  if (seen.has(id)) return null;
  seen.set(id, now);
  return event;
}

const server = createServer((request, response) => {
  const answer = (status) => response.writeHead(status, { "Content-Length": "0" }).end();
  if (request.method !== "POST") return answer(405);
  const parts = [];
  let size = 0;
  request.on("data", (part) => {
    size += part.length;
    if (size > LARGEST) request.destroy();
    else parts.push(part);
  });
  request.on("end", () => {
    try {
      const event = verify(request.headers, Buffer.concat(parts), Date.now() / 1000);
      // Your work goes here. Answer quickly: queue what takes long.
      if (event) console.log(event.type, event.subject, event.id);
      answer(204);
    } catch (error) {
      console.error(`refused: ${error.message}`);
      answer(401);
    }
  });
});

server.listen(Number(process.argv[2] ?? 8099), "127.0.0.1", () => {
  console.log(`listening http://127.0.0.1:${server.address().port}/`);
});
