// node server.js [--configuration NAME] [--port N] [--prefix PATH] [--merchant EMAIL:PASSWORD ...] [--list]
// Prints "listening on URL" once it listens; ends at SIGTERM, at Ctrl-C and when its standard input ends.

import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { toNodeHandler } from "better-auth/node";

import { authentication, seedMerchant } from "./authentication.js";
import { configurations } from "./configurations.js";
import { paymentRoutes } from "./payments.js";
import { listener } from "./web.js";

const { values: given } = parseArgs({
  options: {
    configuration: { type: "string", default: "plain" },
    port: { type: "string", default: "0" },
    prefix: { type: "string", default: "/api/canary" },
    merchant: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
  },
});

if (given.list) {
  console.log(Object.keys(configurations).join("\n"));
} else if (!(given.configuration in configurations)) {
  console.error(`There is no configuration ${given.configuration}: ${Object.keys(configurations).join(", ")}.`);
  process.exitCode = 2;
} else {
  await serve(given);
}

async function serve({ configuration, port, prefix, merchant }) {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(port), "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${server.address().port}`;
  const auth = await authentication(configurations[configuration], origin, `${prefix}/authentication`);
  for (const account of merchant) {
    const [email, ...password] = account.split(":");
    await seedMerchant(auth, email, password.join(":"));
  }
  const authenticate = toNodeHandler(auth);
  const pay = listener(paymentRoutes(auth, origin + prefix), prefix);
  server.on("request", (request, response) => {
    const handle = request.url.startsWith(`${prefix}/authentication/`) ? authenticate : pay;
    handle(request, response);
  });
  const stop = () => process.exit(0);
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.stdin.on("end", stop).on("error", stop).resume();
  console.log(`listening on ${origin}${prefix}`);
}
