import { expect, test } from 'vitest';
import { makeSchemas, staleSchemas } from '../../support/schemas.mjs';

test('docs/schemas is what the domain says: npm run schemas', async () => {
  expect(await staleSchemas()).toEqual([]);
}, 30_000);

test('every key of the configuration file is explained', async () => {
  const schema = JSON.parse((await makeSchemas())['training-pipelines.schema.json'] ?? '') as unknown;
  expect(unexplained(schema)).toEqual([]);
}, 30_000);

type Node = { readonly [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Paths of properties without a description. */
function unexplained(schema: unknown, path = ''): string[] {
  if (!isNode(schema)) return [];
  const properties = isNode(schema['properties']) ? Object.entries(schema['properties']) : [];
  const inner = [schema['items'], schema['additionalProperties']].flatMap((part) => unexplained(part, `${path}[]`));
  const own = properties.flatMap(([name, property]) => {
    const here = `${path}.${name}`;
    const isBare = !isNode(property) || typeof property['description'] !== 'string';
    return [...(isBare ? [here] : []), ...unexplained(property, here)];
  });
  return [...own, ...inner];
}
