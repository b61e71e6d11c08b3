// Real better-auth over its memory adapter, with the bearer and the organization plugin.

import { randomBytes, scryptSync } from "node:crypto";

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { APIError } from "better-auth/api";
import { bearer, organization } from "better-auth/plugins";
import { getAuthTables } from "better-auth/db";

/** better-auth as a configuration wants it, mounted at `basePath` of `baseURL`. */
export async function authentication(configuration, baseURL, basePath) {
  const emails = once(() => new Error("UNIQUE constraint failed: user.email"));
  const slugs = once(() => new APIError("BAD_REQUEST", { code: "ORGANIZATION_ALREADY_EXISTS", message: "Organization already exists" }));
  const options = {
    appName: "Merchant onboarding",
    baseURL,
    basePath,
    secret: randomBytes(32).toString("base64"),
    logger: { disabled: true },
    rateLimit: { enabled: false },
    ...configuration.options,
    emailAndPassword: { enabled: true, password: cheapHash, ...configuration.emailAndPassword },
    // The memory adapter knows no unique columns, which every database has for these two.
    databaseHooks: { user: { create: { before: async (user) => emails(user.email) } } },
    plugins: [
      bearer(configuration.bearer),
      organization({
        ...configuration.organization,
        organizationHooks: { beforeCreateOrganization: async ({ organization }) => slugs(organization.slug) },
      }),
      ...(configuration.plugins?.() ?? []),
    ],
  };
  const tables = Object.values(getAuthTables(options)).map((table) => [table.modelName, []]);
  return betterAuth({ ...options, database: memoryAdapter(Object.fromEntries(tables)) });
}

/** What better-auth does with a password, at a thousandth of the cost: its own hash takes most of a gate's time. */
const cheapHash = {
  hash: async (password) => {
    const salt = randomBytes(16).toString("hex");
    return `${salt}:${scrypt(password, salt)}`;
  },
  verify: async ({ hash, password }) => {
    const [salt, key] = hash.split(":");
    return scrypt(password, salt) === key;
  },
};

/** Sign a user up whose e-mail counts as verified. */
export async function seedMerchant(auth, email, password) {
  await auth.api.signUpEmail({ body: { email, password, name: "Merchant" } });
  const { internalAdapter } = await auth.$context;
  await internalAdapter.updateUserByEmail(email, { emailVerified: true });
}

/** The session that the bearer token of a request opens, or null. A cookie opens none here. */
export async function sessionOf(auth, request) {
  const { authorization } = request.headers;
  if (!authorization) return null;
  const found = await auth.api.getSession({ headers: new Headers({ authorization }) });
  return found && { userId: found.user.id, active: found.session.activeOrganizationId ?? null };
}

/** Whether a user is a member of an organization. */
export async function isMember(auth, userId, organizationId) {
  const { adapter } = await auth.$context;
  const where = [{ field: "userId", value: userId }, { field: "organizationId", value: organizationId }];
  return (await adapter.findOne({ model: "member", where })) !== null;
}

function scrypt(password, salt) {
  return scryptSync(password.normalize("NFKC"), salt, 64, { N: 16 }).toString("hex");
}

function once(taken) {
  const seen = new Set();
  return (value) => {
    if (seen.has(value)) throw taken();
    seen.add(value);
  };
}
