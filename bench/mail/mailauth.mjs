// mailauth over the network: `mailauth.mjs FOLDER PORT SENDERS.json`. Prints {"seconds": ...}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import dns from "node:dns";

const [folder, port, file] = process.argv.slice(2);
const { spf } = createRequire(`${folder}/package.json`)("mailauth/lib/spf");
const senders = JSON.parse(readFileSync(file));
const resolver = new dns.promises.Resolver();
resolver.setServers([`127.0.0.1:${port}`]);
const resolve = (name, type) => resolver.resolve(name, type);

let next = 0;
const work = async () => {
    while (next < senders.length) {
        const one = senders[next++];
        await spf({ ip: one.ip, sender: one.mail_from, helo: one.helo, resolver: resolve, mta: "bench" });
    }
};
const started = performance.now();
await Promise.all(Array.from({ length: 200 }, work));
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
