// A real OpenID Connect provider for the tests: node provider.mjs PORT CALLBACK. It prints `ready` when it serves, signs
// with one key, and takes another at `POST /test/rotate`. People are who they say they are; `anna` is a reviewer and an
// operator, `ben` has no role. The client `gateway` gets access tokens of its own for the audience `urn:naia`.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [port, callback] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const ROLES = { anna: ["reviewer", "operator"], ben: [] };
let number = 0;

function newKey() {
  number += 1;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${number}`, use: "sig", alg: "RS256" };
}

function provider(key) {
  return new Provider(issuer, {
    jwks: { keys: [key] },
    cookies: { keys: ["only-for-tests"] },
    clients: [
      { client_id: "page", client_secret: "a-secret", redirect_uris: [callback], grant_types: ["authorization_code"] },
      {
        client_id: "gateway",
        client_secret: "a-secret",
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub", "roles"], profile: ["preferred_username"] },
    // What the access token leads to is asked for at the user info endpoint.
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, roles: ROLES[id] ?? ["viewer"] }),
    }),
    extraTokenClaims: () => ({ roles: ["operator"] }),
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // The page asks for people; only the machine has a resource to ask for.
        defaultResource: (_, client) => (client.clientId === "gateway" ? "urn:naia" : undefined),
        getResourceServerInfo: (_, resource) => ({
          scope: "",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 3600,
        }),
      },
    },
  });
}

let serve = provider(newKey()).callback();
const server = createServer((request, response) => {
  if (request.url === "/test/rotate") {
    serve = provider(newKey()).callback();
    response.end();
    return;
  }
  serve(request, response);
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
