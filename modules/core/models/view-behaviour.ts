/** Views and windows speak only of what their models have: whatever writes one or takes that away, such as an installation, is told at once. */
import { type Environment, implementModel, ValidationError } from "fullfinity";
import { checkView, checkWindow, type ViewProblems } from "../view-check.ts";

export const UiViewBehaviour = implementModel("UiView", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkViews(env, ids);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkViews(env, idsOf(changes));
    },
    afterModuleChange: async (ids, env, next) => {
      await next(ids);
      await checkViews(env, ids);
    },
  },
});

export const WindowActionBehaviour = implementModel("WindowAction", {
  hooks: {
    afterCreate: async (ids, env, next) => {
      await next(ids);
      await checkWindows(env, ids);
    },
    afterUpdate: async (changes, env, next) => {
      await next(changes);
      await checkWindows(env, idsOf(changes));
    },
    afterModuleChange: async (ids, env, next) => {
      await next(ids);
      await checkWindows(env, ids);
    },
  },
});

function idsOf(changes: readonly { readonly id: number }[]): number[] {
  return changes.map(({ id }) => id);
}

async function checkViews(env: Environment, ids: readonly number[]): Promise<void> {
  const views = await env.model("UiView").filter({ id__in: ids }).all("model", "type", "content");
  refuse(views.flatMap(({ model, type, content }) => checkView(env, model, type, content)));
}

async function checkWindows(env: Environment, ids: readonly number[]): Promise<void> {
  const windows = env.model("WindowAction").filter({ id__in: ids });
  const found = await windows.all("model", "view_types", "filter", "order", "defaults");
  refuse(found.flatMap((window) => checkWindow(env, window)));
}

function refuse(problems: ViewProblems): void {
  if (problems.length > 0) throw ValidationError.ofFields(problems);
}
