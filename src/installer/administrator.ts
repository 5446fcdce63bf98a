/** The first user of a database, and whether its password is still the one that everybody knows. */
import { randomBytes } from "node:crypto";
import type { Session } from "../database/session.ts";
import { hashPassword, verifyPassword } from "../fields/password-hash.ts";
import type { Environment } from "../records/environment.ts";
import { createRecord } from "../records/write.ts";
import type { IdentifierIndex } from "./data-identifier.ts";

/** The address that the first administrator signs in with. */
export const ADMIN_EMAIL = "admin@example.com";
/** The password of development: known to everybody, and too short for anything else. */
export const DEVELOPMENT_PASSWORD = "admin";

/** The password of all users that demo data brings. */
const DEMO_PASSWORD = "demo-demo";
/** Whose addresses they have: a domain that is nobody's, for examples only. */
const EXAMPLE_ADDRESSES = "%@example.com";

const IDENTIFIER = "core.administrator";
/** Bytes of a password that is made up: 96 bits, 16 characters. */
const GENERATED_BYTES = 12;

/**
 * Makes the first administrator, once in the life of a database.
 *
 * @param env the kernel's environment, within a transaction in which the data of core has been applied
 * @param password null makes one up
 * @returns the password; null when the administrator has been made before
 */
export async function applyAdministrator(
  env: Environment,
  index: IdentifierIndex,
  password: string | null,
): Promise<string | null> {
  if (index.get(IDENTIFIER) !== undefined) return null;
  const group = recordOf(index, "core.core_admin");
  const company = recordOf(index, "core.company_main");
  const { id } = await createRecord(env, "User", {
    name: "Administrator",
    email: ADMIN_EMAIL,
    groups: [group],
    default_company: company,
    allowed_companies: [company],
  });
  const chosen = password ?? randomBytes(GENERATED_BYTES).toString("base64url");
  // Set past the field, whose shortest password is longer than that of development.
  const hash = await hashPassword(chosen);
  await env.session.run({ text: 'UPDATE "user" SET password = $2 WHERE id = $1', values: [id, hash] });
  index.add(IDENTIFIER, { model: "User", record: id }, true);
  return chosen;
}

function recordOf(index: IdentifierIndex, identifier: string): number {
  const known = index.get(identifier);
  if (known === undefined) throw new Error(`the data of core has no ${identifier}`);
  return known.record;
}

/** Whether anybody could sign in as the first administrator. */
export async function hasDevelopmentPassword(session: Session): Promise<boolean> {
  const [user] = await session.rows<{ password: string | null }>({
    text: 'SELECT password FROM "user" WHERE lower(email) = $1 AND active',
    values: [ADMIN_EMAIL],
  });
  return user !== undefined && verifyPassword(user.password, DEVELOPMENT_PASSWORD);
}

/** Addresses of the users, the first administrator and those of demo data, that anybody could sign in as. */
export async function usersWithKnownPassword(session: Session): Promise<string[]> {
  const users = await session.rows<{ email: string; password: string }>({
    text: 'SELECT email, password FROM "user" WHERE lower(email) LIKE $1 AND active AND password IS NOT NULL ORDER BY id',
    values: [EXAMPLE_ADDRESSES],
  });
  const found: string[] = [];
  for (const { email, password } of users) {
    const known = email.toLowerCase() === ADMIN_EMAIL ? DEVELOPMENT_PASSWORD : DEMO_PASSWORD;
    if (await verifyPassword(password, known)) found.push(email);
  }
  return found;
}
