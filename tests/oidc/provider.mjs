/**
 * A university's provider: `node provider.mjs PORT CLIENTS ACCOUNTS`, both JSON. Says "ready" once it listens.
 *
 * CLIENTS is oidc-provider's; ACCOUNTS is {login: claims}. Its own pages ask for a login and take any password. Posting
 * to /rotate makes it sign with a new key, as providers do every few weeks.
 */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, clients, accounts] = [Number(process.argv[2]), JSON.parse(process.argv[3]), JSON.parse(process.argv[4])];
const issuer = `http://localhost:${port}`;

function freshKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomBytes(8).toString("hex"), use: "sig", alg: "RS256" };
}

const make = () => new Provider(issuer, {
  clients,
  jwks: { keys: [freshKey()] },
  cookies: { keys: [randomBytes(16).toString("hex")] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
}).callback();

let handler = make();
createServer((request, response) => {
  if (request.method === "POST" && request.url === "/rotate") {
    handler = make();
    response.writeHead(204).end();
  } else {
    handler(request, response);
  }
}).listen(port, "127.0.0.1", () => console.log("ready"));
