/** Sixth step of a composition: the order in which calculated fields are calculated, and the circles that have none. */
import type { Conflict } from "./conflict.ts";
import { type DraftStep, type DraftWorld, inverseFields, isAcyclic } from "./draft-path.ts";
import type { ResolvedCalculation } from "./resolve-calculation.ts";

/** Stored calculated fields of one model that can be calculated together. */
export interface OrderedCalculation {
  readonly model: string;
  readonly names: readonly string[];
  /** Equal for the fields of one tree, which are calculated level by level. */
  readonly circle: number | null;
}

/** A calculated field, and those that it depends on. */
interface Node {
  readonly key: string;
  readonly of: ResolvedCalculation;
  readonly edges: Edge[];
}

interface Edge {
  readonly to: Node;
  /** The relations on the way. */
  readonly hops: readonly DraftStep[];
}

/**
 * Orders calculated fields so that each comes after what it depends on.
 *
 * Fields of one model may depend on themselves over a relation that is acyclic, always in the same direction: a tree has
 * an end. Every other circle is a conflict.
 *
 * @param conflicts circles are added to it, with all their fields
 */
export function orderCalculations(
  world: DraftWorld,
  resolved: readonly ResolvedCalculation[],
  conflicts: Conflict[],
): OrderedCalculation[] {
  const nodes = new Map(resolved.map((of): [string, Node] => [keyOf(of), { key: keyOf(of), of, edges: [] }]));
  for (const node of nodes.values()) for (const path of node.of.steps) addEdges(world, nodes, node, path);
  const levels = new Map<Node, number>();
  const ordered: { model: string; names: string[]; circle: number | null; level: number }[] = [];
  for (const [index, component] of findComponents([...nodes.values()]).entries()) {
    const [first] = component;
    const isCircle = first?.edges.some(({ to }) => component.includes(to)) === true;
    const problem = isCircle ? circleProblem(world, component) : null;
    if (problem !== null && first !== undefined) {
      const { model, name, entry } = first.of;
      const subject = `${model.name}.${name}`;
      conflicts.push({ module: entry.module, file: entry.file, subject, message: problem });
    }
    const below = component.flatMap(({ edges }) => edges.map(({ to }) => levels.get(to) ?? -1));
    const level = 1 + Math.max(-1, ...below);
    for (const node of component) levels.set(node, level);
    for (const { of } of ownOrder(component)) {
      if (!of.calculation.stored) continue;
      const together = ordered.find((each) => each.level === level && each.model === of.model.name);
      if (together !== undefined && !isCircle && together.circle === null) together.names.push(of.name);
      else ordered.push({ model: of.model.name, names: [of.name], circle: isCircle ? index : null, level });
    }
  }
  return ordered.sort((a, b) => a.level - b.level);
}

function keyOf({
  model,
  name,
}: Pick<ResolvedCalculation, "name"> & { readonly model: { readonly name: string } }): string {
  return `${model.name}.${name}`;
}

/** A path depends on the calculated field that it ends in, and on every calculated relation on its way. */
function addEdges(world: DraftWorld, nodes: ReadonlyMap<string, Node>, from: Node, path: readonly DraftStep[]): void {
  for (const [index, step] of path.entries()) {
    const hops = path.slice(0, index);
    const to = nodes.get(keyOf(step));
    if (to !== undefined) from.edges.push({ to, hops });
    for (const inverse of inverseFields(world, step)) {
      const other = nodes.get(keyOf(inverse));
      if (other !== undefined) from.edges.push({ to: other, hops: [...hops, step] });
    }
  }
}

/** Strongly connected components, dependencies first (Tarjan's algorithm). */
function findComponents(nodes: readonly Node[]): Node[][] {
  const components: Node[][] = [];
  const found = new Map<Node, { index: number; low: number; open: boolean }>();
  const stack: Node[] = [];
  const visit = (node: Node): { index: number; low: number; open: boolean } => {
    const state = { index: found.size, low: found.size, open: true };
    found.set(node, state);
    stack.push(node);
    for (const { to } of node.edges) {
      const known = found.get(to);
      if (known === undefined) state.low = Math.min(state.low, visit(to).low);
      else if (known.open) state.low = Math.min(state.low, known.index);
    }
    if (state.low === state.index) {
      const component = stack.splice(stack.indexOf(node));
      for (const each of component) (found.get(each) ?? state).open = false;
      components.push(component);
    }
    return state;
  };
  for (const node of nodes) if (!found.has(node)) visit(node);
  return components;
}

/** Says why a circle has no end, or null where it goes along a tree. */
function circleProblem(world: DraftWorld, component: readonly Node[]): string | null {
  const edges = component.flatMap((from) => from.edges.filter(({ to }) => component.includes(to)));
  const directions = new Set(edges.map(({ hops }) => (hops.length === 0 ? "here" : treeDirection(world, hops))));
  directions.delete("here");
  const isTree = directions.size === 1 && !directions.has(null);
  if (isTree && ownCircle(component) === null) return null;
  const circle = ownCircle(component) ?? anyCircle(component);
  const way = [...circle, ...circle.slice(0, 1)].map(({ key }) => key).join(" -> ");
  const hint =
    directions.size === 0 ? "" : "; a field may depend on itself along one acyclic relation, in one direction";
  return `is calculated in a circle: ${way}${hint}`;
}

/** The column of the tree that a way goes along, and whether up or down; null for any other way. */
function treeDirection(world: DraftWorld, hops: readonly DraftStep[]): string | null {
  const [hop] = hops;
  if (hop === undefined || hops.length > 1 || hop.relation?.target !== hop.model.name) return null;
  const { link } = hop.relation;
  return link.kind !== "through" && isAcyclic(world, hop) ? `${hop.model.name} ${link.kind} ${link.column}` : null;
}

/** A circle of fields of the same record; null where there is none. */
function ownCircle(component: readonly Node[]): Node[] | null {
  return findCircle(component, ({ hops }) => hops.length === 0);
}

function anyCircle(component: readonly Node[]): Node[] {
  return findCircle(component, () => true) ?? [...component];
}

function findCircle(component: readonly Node[], counts: (edge: Edge) => boolean): Node[] | null {
  const done = new Set<Node>();
  const walk = (node: Node, trail: readonly Node[]): Node[] | null => {
    const start = trail.indexOf(node);
    if (start >= 0) return trail.slice(start);
    if (done.has(node)) return null;
    for (const edge of node.edges) {
      const circle = component.includes(edge.to) && counts(edge) ? walk(edge.to, [...trail, node]) : null;
      if (circle !== null) return circle;
    }
    done.add(node);
    return null;
  };
  for (const node of component) {
    const circle = walk(node, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** The fields of a component with those first that others of the same record depend on. */
function ownOrder(component: readonly Node[]): Node[] {
  const ordered: Node[] = [];
  const visited = new Set<Node>();
  const visit = (node: Node): void => {
    if (visited.has(node)) return;
    visited.add(node);
    for (const { to, hops } of node.edges) if (hops.length === 0 && component.includes(to)) visit(to);
    ordered.push(node);
  };
  for (const node of component) visit(node);
  return ordered;
}
