/** Where the databases and files of a platform are. */
import { join } from "node:path";
import type { DatabaseGround } from "../tenants/database-operation.ts";
import type { Platform } from "./platform.ts";

/** The ground that operations on whole databases work on. */
export function groundOf({ server, library, config }: Platform): DatabaseGround {
  const { dataFolder } = config;
  return { server, library, filesFolder: join(dataFolder, "files"), backupFolder: join(dataFolder, "backups") };
}
