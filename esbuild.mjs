// One bundle per process, plus the .wasm files and the harness, into dist/.
import { build, context } from 'esbuild';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

const common = {
  bundle: true,
  sourcemap: production ? false : 'linked',
  minifySyntax: true,
  minifyWhitespace: production,
  minifyIdentifiers: production,
  legalComments: 'none',
  logLevel: 'warning',
  loader: { '.node': 'empty' },
};
// dockerode brings its own SSH client and BuildKit sessions, which are never used here: the system's ssh is. Without them
// the command line starts in half the time.
const unused = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|@balena\/dockerignore|tar-fs)$/;
const leaveOutUnused = {
  name: 'leave-out-unused',
  setup(build) {
    build.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: 'unused' }));
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

// zod ships its messages in 50 languages; English is what it uses.
const englishOnly = {
  name: 'english-only',
  setup(build) {
    build.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  // Code that comes out of the cache can't import, only require.
  supported: { 'dynamic-import': false },
  plugins: [leaveOutUnused, englishOnly],
  // The UMD builds of some packages hide their requires from the bundler.
  mainFields: ['module', 'main'],
};

const exists = async (path) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Each is started through `launch.ts`, which keeps its compiled code. */
const programs = [
  { name: 'server', entry: 'server/src/main.ts' },
  { name: 'runner', entry: 'runner/src/service.ts' },
  { name: 'cli', entry: 'runner/src/cli.ts', banner: '#!/usr/bin/env node' },
];

const bundles = [
  { ...node, entryPoints: ['client/src/extension.ts'], outfile: 'dist/extension.js' },
  ...programs.map(({ name, entry }) => ({ ...node, entryPoints: [entry], outfile: `dist/${name}.bundle.js` })),
  { ...common, entryPoints: ['webview/src/main.ts'], outfile: 'dist/webview.js', format: 'esm', target: 'es2022' },
];

async function buildLauncher({ name, banner }) {
  const bundle = `${name}.bundle.js`;
  const digest = async () =>
    createHash('sha256')
      .update(await readFile(join('dist', bundle)))
      .digest('hex');
  // What is built again and again while one works on it is not kept.
  const id = watch ? '' : `${name}-${(await digest()).slice(0, 16)}`;
  await build({
    ...node,
    sourcemap: false,
    entryPoints: ['runner/src/launch.ts'],
    outfile: `dist/${name}.js`,
    define: { BUNDLE_NAME: JSON.stringify(bundle), BUNDLE_BUILD: JSON.stringify(id) },
    ...(banner === undefined ? {} : { banner: { js: banner } }),
  });
}

const copies = [
  // The parser loads this script itself: a broken instance is replaced by a second copy of it.
  ['node_modules/web-tree-sitter/web-tree-sitter.cjs', 'dist/web-tree-sitter.cjs'],
  ['node_modules/web-tree-sitter/web-tree-sitter.wasm', 'dist/web-tree-sitter.wasm'],
  ['node_modules/tree-sitter-python/tree-sitter-python.wasm', 'dist/tree-sitter-python.wasm'],
  ['node_modules/@vscode/codicons/dist/codicon.css', 'dist/codicon.css'],
  ['node_modules/@vscode/codicons/dist/codicon.ttf', 'dist/codicon.ttf'],
  ['runner/harness', 'dist/harness'],
  ['docs/checks', 'dist/checks'],
];

await rm('dist', { recursive: true, force: true });
await mkdir('dist', { recursive: true });
for (const [from, to] of copies) {
  if (!(await exists(from))) continue;
  await cp(from, to, { recursive: true, filter: (path) => !path.includes('__pycache__') && !path.endsWith('.pyc') });
}
for (const options of bundles) {
  if (watch) await (await context(options)).watch();
  else await build(options);
}
for (const program of programs) await buildLauncher(program);
