// `npm run schemas`: writes docs/schemas/*.json from the domain's own schemas. With --check it only compares.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'docs', 'schemas');
const ending = '.schema.json';

/** Name of the file, the schema's name in the domain, where that is, and what it describes. */
const documents = [
  ['check', 'findingsSchema', 'finding', 'The document of `check`.'],
  ['publish', 'publishedSchema', 'version', 'The document of `publish`.'],
  ['run', 'runSchema', 'run', 'A run: the document of `run`, `attach`, `stop` and `show RUN`.'],
  ['runs', 'runsSchema', 'run', 'The document of `runs`.'],
  ['version', 'versionSchema', 'version', 'A version: the document of `show PACKAGE@VERSION`.'],
  ['versions', 'versionsSchema', 'version', 'The document of `versions`.'],
  ['export', 'exportedSchema', 'version', 'The document of `export`.'],
  ['import', 'importedSchema', 'version', 'The document of `import`.'],
  ['verify', 'verifiedSchema', 'version', 'The document of `verify`.'],
  ['delete', 'deletedSchema', 'version', 'The document of `delete` and `prune`.'],
  ['engines', 'enginesSchema', 'engineFacts', 'The document of `engines`.'],
  ['datasets', 'storedDatasetsSchema', 'storedDatasets', 'The document of `datasets`.'],
  ['datasets-cleared', 'clearedDatasetsSchema', 'storedDatasets', 'The document of `datasets --clear`.'],
  ['error', 'errorSchema', 'documents', 'The document of any failure before there is a run.'],
  ['log-line', 'logLineSchema', 'documents', 'One line of `logs --json`.'],
  ['version-file', 'versionFileSchema', 'version', 'The file version.json: the seal of the zip beside it.'],
  ['_results', 'resultsSchema', 'results', 'The file _results.json: what went into a run and what came out.'],
  ['record', 'completionRecordSchema', 'completionRecord', 'The record by which the harness tells how a run ended.'],
  [
    'engines-file',
    'engineDefinitionsSchema',
    'engineDefinition',
    'The file engines.json: engines that the user defines.',
  ],
  ['training-pipelines', 'configurationSchema', 'pipeline', 'The file .vscode/training-pipelines.json.'],
];

/** What editors need to know of a file that people write. */
const asPeopleWrite = { allowComments: true, allowTrailingCommas: true };

/** Texts by file name. */
export async function makeSchemas() {
  const imports = documents.map(([, schema, file]) => `import { ${schema} } from './runner/src/domain/${file}';`);
  const result = await build({
    stdin: {
      contents: `import { z } from 'zod';
        ${imports.join('\n')}
        const shared = { target: 'draft-7' };
        export const schemas = [${documents.map(([, schema]) => `z.toJSONSchema(${schema}, shared)`).join(', ')}];`,
      resolveDir: root,
      loader: 'ts',
    },
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
  return Object.fromEntries(
    documents.map(([name, , , description], i) => {
      const { $schema, ...rest } = module.exports.schemas[i];
      const extra = name === 'training-pipelines' ? asPeopleWrite : {};
      const schema = { $schema, title: name, description, ...extra, ...rest };
      return [`${name}${ending}`, `${JSON.stringify(schema, null, 2)}\n`];
    }),
  );
}

/** Names of the files that are missing, out of date, or not made by this program. */
export async function staleSchemas() {
  const texts = await makeSchemas();
  const there = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const strangers = there.filter((name) => !(name in texts));
  const old = Object.entries(texts).filter(
    ([name, text]) => !there.includes(name) || readFileSync(join(folder, name), 'utf8') !== text,
  );
  return [...strangers, ...old.map(([name]) => name)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    const stale = await staleSchemas();
    if (stale.length > 0) throw new Error(`out of date: ${stale.join(', ')}; run: npm run schemas`);
  } else {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(await makeSchemas())) writeFileSync(join(folder, name), text);
  }
}
