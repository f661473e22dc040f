/** Bundles a program of the tests, so that it starts as fast as the product's own do. */
import { resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** What dockerode brings along and the product leaves out too. */
const leaveOutUnused: Plugin = {
  name: 'leave-out-unused',
  setup: (building) => {
    const unused = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|@balena\/dockerignore|tar-fs)$/;
    building.onResolve({ filter: unused }, ({ path }) => ({ path, namespace: 'unused' }));
    building.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** `name`: of a file in test/support. `outfile`: ends in `.cjs`. */
export async function bundleProgram(name: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [resolve(import.meta.dirname, name)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    mainFields: ['module', 'main'],
    loader: { '.node': 'empty' },
    plugins: [leaveOutUnused],
    logLevel: 'silent',
  });
}
