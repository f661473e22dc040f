/** The user's pip settings in uv's words; uv reads none of pip's files itself. */
import type { Interpreter } from './interpreter';
import { runTool } from './runTool';

type Environment = Readonly<Record<string, string>>;

const shortMilliseconds = 30_000;

/** pip settings that decide nothing about what is installed from where. */
const harmless =
  /^(disable-pip-version-check|no-input|quiet|verbose|no-color|progress-bar|require-virtualenv|cache-dir|default-timeout|timeout|retries|user|break-system-packages|no-warn-script-location|root-user-action|prefer-binary)$/;

const translated: Readonly<Record<string, string>> = {
  'index-url': 'UV_DEFAULT_INDEX',
  'extra-index-url': 'UV_INDEX',
  'find-links': 'UV_FIND_LINKS',
  cert: 'SSL_CERT_FILE',
  'trusted-host': 'UV_INSECURE_HOST',
};

/** uv's environment; undefined where uv is not there or a pip setting has no word in uv, so that pip has to do it. */
export async function uvSettings(
  interpreter: Interpreter,
  environment: Environment,
  signal?: AbortSignal,
): Promise<Environment | undefined> {
  const how = { environment, signal, timeoutMilliseconds: shortMilliseconds };
  const uv = await runTool('uv', ['--version'], how);
  if (uv.code !== 0) return undefined;
  const listed = await runTool(interpreter.path, ['-m', 'pip', 'config', 'list'], how);
  // A Python without pip has no settings of pip's but the environment's.
  const settings = listed.code === 0 ? parsePipConfig(listed.output) : pipVariables(environment);
  return translateSettings(settings, environment);
}

/** Lines like `global.index-url='https://…'` or `:env:.cert='…'`; the environment's win. */
export function parsePipConfig(output: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const lines = output.split(/\r?\n/).map((line) => /^(:env:|[a-z]+)\.([a-z-]+)='(.*)'$/.exec(line));
  const ordered = [
    ...lines.filter((match) => match?.[1] !== ':env:'),
    ...lines.filter((match) => match?.[1] === ':env:'),
  ];
  for (const match of ordered) {
    const [, section, key, value] = match ?? [];
    if (section === undefined || key === undefined || value === undefined) continue;
    if (section === 'global' || section === 'install' || section === ':env:')
      settings.set(key, value.replaceAll('\\n', ' ').trim());
  }
  return settings;
}

function pipVariables(environment: Environment): ReadonlyMap<string, string> {
  const found = Object.entries(environment).filter(([name]) => /^PIP_[A-Z_]+$/.test(name));
  return new Map(found.map(([name, value]) => [name.slice(4).toLowerCase().replaceAll('_', '-'), value]));
}

export function translateSettings(
  settings: ReadonlyMap<string, string>,
  environment: Environment,
): Environment | undefined {
  const made: Record<string, string> = { ...environment };
  for (const [key, value] of settings) {
    if (harmless.test(key)) continue;
    const name = translated[key];
    if (name === undefined) return undefined;
    // uv takes several values, with spaces between them (commas for links).
    if (made[name] === undefined) made[name] = name === 'UV_FIND_LINKS' ? value.split(/\s+/).join(',') : value;
  }
  return made;
}
