/** The core module: what every database has. */
import { defineModule } from "fullfinity";
import { ChangeLog } from "./models/change-log.ts";
import { Company, Country, Currency } from "./models/company.ts";
import { CronJob, CronJobBehaviour } from "./models/cron-job.ts";
import { CurrencyRate } from "./models/currency-rate.ts";
import { GroupBehaviour, ModelAccessBehaviour, RecordRuleBehaviour, UserBehaviour } from "./models/right-behaviour.ts";
import { Sequence, SequenceBehaviour } from "./models/sequence.ts";
import {
  ApiKey,
  ApiKeyBehaviour,
  Attachment,
  DataIdentifier,
  IdempotencyKey,
  Job,
  Module,
  RefreshToken,
  RegistryState,
} from "./models/system.ts";
import { Group, ModelAccess, RecordRule, User } from "./models/user.ts";
import { UiMenu, UiView, WindowAction } from "./models/view.ts";
import { UiViewBehaviour, WindowActionBehaviour } from "./models/view-behaviour.ts";

export default defineModule({
  models: [
    Currency,
    CurrencyRate,
    Country,
    Company,
    Group,
    User,
    ModelAccess,
    RecordRule,
    Module,
    RegistryState,
    DataIdentifier,
    RefreshToken,
    ApiKey,
    IdempotencyKey,
    Attachment,
    Job,
    CronJob,
    Sequence,
    ChangeLog,
    UiView,
    WindowAction,
    UiMenu,
  ],
  behaviours: [
    GroupBehaviour,
    ModelAccessBehaviour,
    RecordRuleBehaviour,
    UserBehaviour,
    ApiKeyBehaviour,
    CronJobBehaviour,
    SequenceBehaviour,
    UiViewBehaviour,
    WindowActionBehaviour,
  ],
});
