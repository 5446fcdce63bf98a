/** One record of a form, saved or not, with the values that are not. */
import type { Model } from "../models/model.ts";

/** The record that a line belongs to. */
export interface FormOwner {
  /** The field of the line that refers to it. */
  readonly field: string;
  /** Its own field, whose list the line stands in. */
  readonly list: string;
  readonly record: FormRecord;
}

let records = 0;

/** A record of a form. */
export class FormRecord {
  readonly model: Model;
  /** Null where it is not saved yet. */
  readonly id: number | null;
  /** Its id; for a record without one a number below zero, which no record has. */
  readonly key: number;
  /** Null for the record of the form itself, and for records that are only linked. */
  readonly owner: FormOwner | null;
  /** Unsaved values as code reads them: ids for to-one relations, records for lists. */
  readonly values = new Map<string, unknown>();
  /** What the client has said of fields that it does not write, such as calculated ones; in no way a value. */
  readonly shown = new Map<string, unknown>();
  /** Lists as they are stored, once somebody has asked for them. */
  readonly lines = new Map<string, readonly FormRecord[]>();
  /** The fields that effects have given another value, with the value before. */
  readonly changed = new Map<string, unknown>();

  constructor(model: Model, id: number | null, owner: FormOwner | null) {
    records = (records + 1) % Number.MAX_SAFE_INTEGER;
    this.model = model;
    this.id = id;
    this.key = id ?? -records;
    this.owner = owner;
  }

  /** Whether it is as stored, and nothing of it hangs on the form. */
  get isPlain(): boolean {
    return this.id !== null && this.values.size === 0 && this.owner === null;
  }
}
