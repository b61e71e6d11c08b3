// JSON over HTTP for hand-written routes: what is read, what is refused, what is answered.

import { STATUS_CODES } from "node:http";

const LONGEST_BODY = 10_000_000;

/** An orderly end of a request: a status and what to say, one sentence or several. */
export class Refusal extends Error {
  constructor(status, message, headers = {}) {
    super(String(message));
    Object.assign(this, { status, said: message, headers });
  }
}

/** A listener of Node's HTTP server that answers the given routes under a prefix. */
export function listener(routes, prefix) {
  return async (request, response) => {
    try {
      const [status, body] = await answer(routes, prefix, request);
      write(response, status, body);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, "Internal error");
      if (refusal !== error) console.error(error);
      const body = { statusCode: refusal.status, message: refusal.said, error: STATUS_CODES[refusal.status] };
      write(response, refusal.status, body, refusal.headers);
    }
  };
}

async function answer(routes, prefix, request) {
  const url = new URL(request.url, "http://localhost");
  const found = routes
    .map(([method, path, handler]) => ({ method, handler, match: pattern(prefix + path).exec(url.pathname) }))
    .filter(({ match }) => match);
  if (!found.length) throw new Refusal(404, "Not found");
  const wanted = request.method === "HEAD" ? "GET" : request.method;
  const route = found.find(({ method }) => method === wanted);
  if (!route) throw new Refusal(405, "Method not allowed", { Allow: found.map(({ method }) => method).join(", ") });
  const { headers } = request;
  return route.handler({ headers, query: url.searchParams, json: () => readJson(request) }, route.match[1]);
}

function pattern(path) {
  return new RegExp(`^${path.replace("{}", "([^/]+)")}$`);
}

async function readJson(request) {
  const mediaType = (request.headers["content-type"] ?? "").split(";")[0].trim().toLowerCase();
  if (!/^application\/(.+\+)?json$/.test(mediaType)) throw new Refusal(415, "The body must be JSON");
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LONGEST_BODY) throw new Refusal(413, "The body is too long", { Connection: "close" });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.concat(chunks)), wellFormed);
  } catch {
    throw new Refusal(400, "The body is not JSON");
  }
}

/** Half a surrogate pair becomes U+FFFD, as it does in better-auth. */
function wellFormed(_, value) {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** A text is a page, anything else is JSON. */
function write(response, status, body, headers = {}) {
  const isPage = typeof body === "string";
  const bytes = Buffer.from(isPage ? body : JSON.stringify(body));
  const mediaType = isPage ? "text/html; charset=utf-8" : "application/json";
  response.writeHead(status, { "Content-Type": mediaType, "Content-Length": bytes.length, ...headers });
  response.end(bytes);
}
