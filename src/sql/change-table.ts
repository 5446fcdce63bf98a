/** The table in which the changes of all tables are counted. Reading and making it are two folders' work, so its name is here. */

/** One row for each table and server process that ever changed it: `table_id`, `session`, `changes`. */
export const CHANGE_TABLE = "fullfinity_change_count";
