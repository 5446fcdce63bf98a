/** One connection for moving whole tables: rows leave and enter as streams. */
import type { Readable, Writable } from "node:stream";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { type ConnectionOptions, clientConfig } from "./connection-option.ts";
import type { AnyStatement, Session } from "./session.ts";

/** A connection that is used by one at a time. */
export interface CopyLine extends Session {
  /** Rows in PostgreSQL's own text form. @param sql `COPY ... TO STDOUT` */
  read(sql: string): Readable;
  /** @param sql `COPY ... FROM STDIN` */
  write(sql: string): Writable;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Opens one; nothing on it is stopped for taking long. */
export async function openCopyLine(connection: ConnectionOptions): Promise<CopyLine> {
  const limits = { statementTimeout: 0, connectTimeout: CONNECT_TIMEOUT_MS };
  const client = new pg.Client({ ...clientConfig(connection, limits), pipeline: false });
  client.on("error", () => undefined); // whoever uses it next is told
  await client.connect();
  await client.query("SET idle_in_transaction_session_timeout = 0");
  const query = async ({ text, values }: AnyStatement) => client.query({ text, values: [...values] });
  return {
    rows: async <Row extends object>(statement: AnyStatement) => (await query(statement)).rows as Row[],
    run: async (statement) => (await query(statement)).rowCount ?? 0,
    read: (sql) => client.query(copyTo(sql)),
    write: (sql) => client.query(copyFrom(sql)),
    close: () => client.end(),
  };
}
