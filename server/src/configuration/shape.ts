/** Keys and types of the configuration file, as the schemas of the domain have them: `config-type`, `config-unknown-key`. */
import { type Node } from 'jsonc-parser';
import {
  configurationSchema,
  limitsSchema,
  packageSettingsSchema,
  pipelineSchema,
} from '../../../runner/src/domain/pipeline';
import { childOf, itemsOf, propertiesOf, type ConfigurationReport } from './jsonPlace';

/** Keys that editors write and that mean nothing here. */
const ignored: ReadonlySet<string> = new Set(['$schema']);

export function checkShape(root: Node, report: ConfigurationReport): void {
  checkDoubled(root, report);
  keys(root, Object.keys(configurationSchema.shape), report, ignored);
  for (const { value } of propertiesOf(childOf(root, 'packages'))) {
    keys(value, Object.keys(packageSettingsSchema.shape), report);
  }
  for (const pipeline of itemsOf(childOf(root, 'pipelines'))) {
    keys(pipeline, Object.keys(pipelineSchema.shape), report);
    keys(childOf(pipeline, 'limits'), Object.keys(limitsSchema.shape), report);
  }
  checkTypes(root, report);
}

function keys(
  node: Node | undefined,
  known: readonly string[],
  report: ConfigurationReport,
  also: ReadonlySet<string> = new Set(),
): void {
  for (const { key, name } of propertiesOf(node)) {
    if (known.includes(name) || also.has(name)) continue;
    report.at(key, 'config-unknown-key', `"${name}" means nothing here; known are ${known.join(', ')}.`, 'warning');
  }
}

/** JSON lets the last of two equal keys win, which nobody means. */
function checkDoubled(node: Node, report: ConfigurationReport): void {
  const seen = new Set<string>();
  for (const { key, name } of propertiesOf(node)) {
    if (seen.has(name)) report.at(key, 'config-duplicate', `"${name}" is there twice; only the last one counts.`);
    seen.add(name);
  }
  for (const child of node.children ?? []) checkDoubled(child, report);
}

function checkTypes(root: Node, report: ConfigurationReport): void {
  const result = configurationSchema.safeParse(valueOf(root));
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    const node = nearest(root, path);
    report.at(node, 'config-type', `${path.join('.') || 'The file'}: ${issue.message}.`);
  }
}

/** The value at the path, or the nearest one around it where it is missing. */
function nearest(root: Node, path: readonly (string | number)[]): Node {
  for (let length = path.length; length > 0; length--) {
    const found = childOf(root, ...path.slice(0, length));
    if (found !== undefined) return found;
  }
  return root;
}

function valueOf(node: Node): unknown {
  if (node.type === 'array') return itemsOf(node).map(valueOf);
  if (node.type !== 'object') return node.value as unknown;
  const entries = propertiesOf(node).map(({ name, value }) => [name, value === undefined ? undefined : valueOf(value)]);
  return Object.fromEntries(entries) as unknown;
}
