/** Halts writes at exact places of PostgreSQL's work: triggers that wait for a lock, which a test holds, wherever a row asks for it. */
import pg from "pg";
import { clientConfig } from "../../src/database/connection-option.ts";
import type { TestDatabase } from "./database.ts";

/** Of advisory locks that are the tests'. */
const LOCK_CLASS = 77;

/** A place in a write: what is done to a row of a table, or the commit of a transaction that has written the row. */
export type HaltPlace = `${string}:${"INSERT" | "UPDATE" | "DELETE" | "COMMIT"}`;

/** What a row says somewhere in its texts to be halted at a place, under a number of its own. */
export function haltMark(place: HaltPlace, number: number): string {
  return `halt:${place}:${number};`;
}

export interface Halting {
  /** Halts everything from now on that says one of these numbers. */
  close(numbers: readonly number[]): Promise<void>;
  /** Waits until so many writes are halted. @returns the server's processes that work at them */
  halted(count: number): Promise<readonly number[]>;
  /** Lets everything go on, and waits until these processes of the server have ended. */
  open(processes: readonly number[]): Promise<void>;
  end(): Promise<void>;
}

/** Puts the triggers on tables. Rows that nobody halts are written as ever. */
export async function haltWrites(made: TestDatabase, tables: readonly string[]): Promise<Halting> {
  await made.database.run({
    text: `create function halt() returns trigger language plpgsql as $$
declare
  row_text text := case when tg_op = 'DELETE' then to_jsonb(old)::text else to_jsonb(new)::text end;
  place text := tg_table_name || ':' || case when tg_argv[0] = 'commit' then 'COMMIT' else tg_op end;
  number text := substring(row_text from 'halt:' || place || ':(\\d+);');
begin
  if number is not null then perform pg_advisory_xact_lock_shared(${LOCK_CLASS}, number::integer); end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$`,
    values: [],
  });
  for (const table of tables) {
    await made.database.run({
      text: `create trigger halt before insert or update or delete on ${table} for each row execute function halt('row')`,
      values: [],
    });
    await made.database.run({
      text: `create constraint trigger halt_commit after insert or update on ${table} deferrable initially deferred
        for each row execute function halt('commit')`,
      values: [],
    });
  }
  const holder = new pg.Client(clientConfig(made.connection, { statementTimeout: 0, connectTimeout: 0 }));
  await holder.connect();
  const until = async <Result>(read: () => Promise<Result | null>): Promise<Result> => {
    for (;;) {
      const result = await read();
      if (result !== null) return result;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {
    close: async (numbers) => {
      await holder.query("select pg_advisory_lock($1, n) from unnest($2::integer[]) n", [LOCK_CLASS, numbers]);
    },
    halted: (count) =>
      until(async () => {
        const { rows } = await holder.query<{ pid: number }>(
          `select pid from pg_locks where locktype = 'advisory' and classid = $1 and not granted
            and database = (select oid from pg_database where datname = current_database())`,
          [LOCK_CLASS],
        );
        return rows.length < count ? null : rows.map(({ pid }) => pid);
      }),
    open: async (processes) => {
      await holder.query("select pg_advisory_unlock_all()");
      await until(async () => {
        const { rows } = await holder.query("select from pg_stat_activity where pid = any($1)", [processes]);
        return rows.length === 0 ? true : null;
      });
    },
    end: () => holder.end(),
  };
}
