// What each configuration switches on, in better-auth's own options.

import {
  admin,
  anonymous,
  emailOTP,
  jwt,
  lastLoginMethod,
  magicLink,
  multiSession,
  oneTimeToken,
  openAPI,
  phoneNumber,
  twoFactor,
  username,
} from "better-auth/plugins";

const nothingIsSent = async () => {};

export const configurations = {
  plain: {},
  "require-signature": { bearer: { requireSignature: true } },
  "verified-emails": {
    options: { emailVerification: { sendVerificationEmail: nothingIsSent } },
    emailAndPassword: { requireEmailVerification: true },
  },
  // better-auth's own rules of production: three sign-ups and three sign-ins in ten seconds.
  limiter: { options: { rateLimit: { enabled: true } } },
  "organization-limit": { organization: { organizationLimit: 1 } },
  "password-bounds": { emailAndPassword: { minPasswordLength: 12, maxPasswordLength: 64 } },
  "more-plugins": {
    organization: { teams: { enabled: true } },
    plugins: () => [
      admin(),
      anonymous(),
      emailOTP({ sendVerificationOTP: nothingIsSent }),
      jwt(),
      lastLoginMethod(),
      magicLink({ sendMagicLink: nothingIsSent }),
      multiSession(),
      oneTimeToken(),
      openAPI(),
      phoneNumber({ sendOTP: nothingIsSent }),
      twoFactor(),
    ],
  },
  username: { plugins: () => [username()] },
  "secondary-storage": { options: { secondaryStorage: storageInMemory() } },
};

/** better-auth's `SecondaryStorage` over a map; sessions then live there and not in the database. */
function storageInMemory() {
  const entries = new Map();
  const living = (key) => {
    const entry = entries.get(key);
    return entry && entry.ends > Date.now() ? entry : undefined;
  };
  const ends = (seconds) => (seconds ? Date.now() + seconds * 1000 : Infinity);
  return {
    get: (key) => living(key)?.value ?? null,
    set: (key, value, seconds) => void entries.set(key, { value, ends: ends(seconds) }),
    delete: (key) => void entries.delete(key),
    getAndDelete: (key) => {
      const value = living(key)?.value ?? null;
      entries.delete(key);
      return value;
    },
    increment: (key, seconds) => {
      const entry = living(key) ?? { value: 0, ends: ends(seconds) };
      entries.set(key, { ...entry, value: entry.value + 1 });
      return entry.value + 1;
    },
  };
}
