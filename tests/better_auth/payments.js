// The payments paths: customers and checkout sessions of a merchant, which is an organization of better-auth.

import { randomUUID } from "node:crypto";

import { z } from "zod";

import { isMember, sessionOf } from "./authentication.js";
import { Refusal } from "./web.js";

const DAY = 24 * 3600 * 1000;

// z.record drops the key __proto__; an object of JSON is kept as it came.
const jsonObject = z.custom((value) => typeof value === "object" && value !== null && !Array.isArray(value), "must be an object");
const amount = z.int().min(0);
const currency = z.string().regex(/^[A-Z]{3}$/, "must be three capital letters");
const webAddress = z.url({ protocol: /^https?$/ });

const phoneNumber = z.string().regex(/^\+[1-9][0-9]{1,14}$/, "must be a number as E.164 has it");

const customerRequest = z.object({
  merchantId: z.string().optional(),
  name: z.string().nullish(),
  email: z.email().nullish(),
  phoneNumber,
  metadata: jsonObject,
});

const inlineCustomer = z.object({
  name: z.string().nullish(),
  email: z.email().nullish(),
  phoneNumber: phoneNumber.nullish(),
  metadata: jsonObject.default(() => ({})),
});

const checkoutRequest = z.object({
  merchantId: z.string(),
  currency,
  totalAmount: amount,
  lineItems: z.array(
    z.object({
      name: z.string().nullish(),
      productId: z.string().nullish(),
      quantity: z.int().min(1).nullish(),
      amount: amount.nullish(),
      currency: currency.nullish(),
      imageId: z.string().nullish(),
      imageUrl: z.string().nullish(),
    }),
  ),
  successUrl: webAddress,
  cancelUrl: webAddress,
  mode: z.enum(["payment"]),
  metadata: jsonObject,
  customerId: z.string().nullish(),
  customer: inlineCustomer.nullish(),
});

/** The routes of the payments paths: method, path with one parameter at most, and handler. */
export function paymentRoutes(auth, address) {
  const customers = new Map();
  const sessions = new Map();

  async function caller(request) {
    const session = await sessionOf(auth, request);
    if (!session) throw new Refusal(401, "Unauthorized");
    return session;
  }

  async function merchantOf(session, named) {
    const merchantId = named ?? session.active;
    if (!merchantId) throw new Refusal(400, "No active organization");
    if (!(await isMember(auth, session.userId, merchantId))) throw new Refusal(403, "Not a member of this organization");
    return merchantId;
  }

  async function owned(request, records, id) {
    const session = await caller(request);
    const record = records.get(id);
    if (!record || !(await isMember(auth, session.userId, record.merchantId))) throw new Refusal(404, "Not found");
    return record;
  }

  function newCustomer(merchantId, { name = null, email = null, phoneNumber = null, metadata }) {
    const now = new Date().toISOString();
    const id = randomUUID();
    const customer = { id, merchantId, name, email, phoneNumber, metadata, createdAt: now, updatedAt: now, deletedAt: null };
    customers.set(id, customer);
    return customer;
  }

  function existingCustomer(merchantId, id) {
    const customer = customers.get(id);
    if (customer?.merchantId !== merchantId) throw new Refusal(404, "No such customer");
    return customer;
  }

  async function createCustomer(request) {
    const session = await caller(request);
    const { merchantId, ...fields } = checked(customerRequest, await request.json());
    return [201, newCustomer(await merchantOf(session, merchantId), fields)];
  }

  async function listCustomers(request) {
    const { active } = await caller(request);
    if (!active) throw new Refusal(400, "No active organization");
    const limit = Math.min(numberIn(request, "limit", 20), 100);
    const offset = numberIn(request, "offset", 0);
    const all = [...customers.values()].filter((customer) => customer.merchantId === active).reverse();
    const data = all.slice(offset, offset + limit);
    return [200, { data, pagination: { limit, offset, total: all.length, hasMore: offset + data.length < all.length } }];
  }

  async function createCheckoutSession(request) {
    const session = await caller(request);
    const { merchantId: named, customerId, customer, ...fields } = checked(checkoutRequest, await request.json());
    const merchantId = await merchantOf(session, named);
    const existing = customerId == null ? null : existingCustomer(merchantId, customerId);
    const attached = existing ?? (customer ? newCustomer(merchantId, customer) : null);
    const now = Date.now();
    const id = randomUUID();
    const created = {
      id,
      merchantId,
      customerId: attached?.id ?? null,
      paymentIntentId: null,
      status: "open",
      sessionUrl: `${address}/pay/${id}`,
      ...fields,
      createdAt: new Date(now).toISOString(),
      updatedAt: new Date(now).toISOString(),
      expiresAt: new Date(now + DAY).toISOString(),
      deletedAt: null,
    };
    sessions.set(id, created);
    return [201, created];
  }

  async function checkoutPage(_, id) {
    if (!sessions.has(id)) throw new Refusal(404, "Not found");
    return [200, "<!doctype html><title>Checkout</title><p>Pay here.</p>"];
  }

  return [
    ["POST", "/customers", createCustomer],
    ["GET", "/customers", listCustomers],
    ["GET", "/customers/{}", async (request, id) => [200, await owned(request, customers, id)]],
    ["POST", "/checkout/sessions", createCheckoutSession],
    ["GET", "/checkout/sessions/{}", async (request, id) => [200, await owned(request, sessions, id)]],
    ["GET", "/pay/{}", checkoutPage],
  ];
}

function checked(schema, body) {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Refusal(400, result.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`));
}

function numberIn(request, name, otherwise) {
  const text = request.query.get(name) ?? String(otherwise);
  if (!/^[0-9]{1,9}$/.test(text)) throw new Refusal(400, `${name} must be a number`);
  return Number(text);
}
