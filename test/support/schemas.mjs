// `npm run schemas`: writes docs/schemas/*.json from the domain's own schemas. With --check it only compares.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'docs', 'schemas');

export async function makeSchemas() {
  const source = `
    import { z } from 'zod';
    import { findingsSchema } from './runner/src/domain/finding';
    import { publishedSchema, versionSchema, versionsSchema, exportedSchema, importedSchema, verifiedSchema, deletedSchema, versionFileSchema } from './runner/src/domain/version';
    import { runSchema, runsSchema } from './runner/src/domain/run';
    import { resultsSchema } from './runner/src/domain/results';
    import { enginesSchema } from './runner/src/domain/engineFacts';
    import { configurationSchema } from './runner/src/domain/pipeline';
    import { completionRecordSchema } from './runner/src/domain/completionRecord';
    import { logLineSchema, errorSchema } from './runner/src/domain/documents';
    const all = { check: findingsSchema, publish: publishedSchema, run: runSchema, runs: runsSchema, version: versionSchema, versions: versionsSchema,
      export: exportedSchema, import: importedSchema, verify: verifiedSchema, delete: deletedSchema, engines: enginesSchema, error: errorSchema,
      'log-line': logLineSchema, 'version.json': versionFileSchema, '_results.json': resultsSchema, 'record.json': completionRecordSchema,
      'training-pipelines.json': configurationSchema };
    export const schemas = Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, z.toJSONSchema(schema)]));`;
  const result = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', result.outputFiles[0].text)(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  return module.exports.schemas;
}

export const fileOf = (name) => join(folder, `${name.replace(/\.json$/, '')}.schema.json`);
export const textOf = (schema) => `${JSON.stringify(schema, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  let stale = 0;
  for (const [name, schema] of Object.entries(await makeSchemas())) {
    const text = textOf(schema);
    if (!process.argv.includes('--check')) writeFileSync(fileOf(name), text);
    else if (readFileSync(fileOf(name), 'utf8') !== text) stale += 1;
  }
  if (stale > 0) throw new Error(`${stale} files of docs/schemas are out of date: npm run schemas`);
}
