/** Every endpoint that there is, in the order of the documentation. */

import { createKey, deleteKey, listKeys } from "./api-key.ts";
import { cloneRecord, resequenceRecords } from "./arranging.ts";
import { attachFile, deleteAttachment, downloadFromField, readAttachment, uploadToField } from "./attachment.ts";
import { describeAction, executeMethod, runEffects } from "./behaviour.ts";
import type { Endpoint } from "./endpoint.ts";
import { exportRecords } from "./exporting.ts";
import { importRecords } from "./importing.ts";
import { cancelJob, listJobs, readJob, readJobFile } from "./job.ts";
import { moduleEndpoints } from "./modules.ts";
import { checkLive, checkReady, readDocs, readOpenApi } from "./process.ts";
import { fetchRecord, queryRecords, queryRecordsByUrl } from "./reading.ts";
import { describeModel, listModels } from "./registry.ts";
import { searchByName } from "./searching.ts";
import { authenticate, changePassword, describeCaller, listDatabases, refresh, signOut } from "./signing-in.ts";
import { createRecord, createRecords, deleteRecord, deleteRecords, updateRecord, updateRecords } from "./writing.ts";

export const endpoints: readonly Endpoint[] = [
  authenticate,
  refresh,
  signOut,
  describeCaller,
  changePassword,
  createKey,
  listKeys,
  deleteKey,
  listDatabases,
  listModels,
  describeModel,
  queryRecords,
  queryRecordsByUrl,
  fetchRecord,
  searchByName,
  createRecord,
  updateRecord,
  deleteRecord,
  createRecords,
  updateRecords,
  deleteRecords,
  cloneRecord,
  resequenceRecords,
  describeAction,
  executeMethod,
  runEffects,
  exportRecords,
  attachFile,
  readAttachment,
  deleteAttachment,
  uploadToField,
  downloadFromField,
  listJobs,
  readJob,
  cancelJob,
  readJobFile,
  importRecords,
  ...moduleEndpoints,
  checkLive,
  checkReady,
  readOpenApi,
  readDocs,
];
