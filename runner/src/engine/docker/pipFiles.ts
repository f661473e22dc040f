/** The user's pip settings (index, proxy, certificates, credentials) as files for an installer's private volume. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TarSource } from '../../archive/tarPack';

type Environment = Readonly<Record<string, string | undefined>>;

export interface PipFiles {
  /** Below the volume's root. */
  readonly files: readonly TarSource[];
  /** For the installer's process only; never the container's own environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Settings about this machine's folders, or that are ours to decide. */
const own = new Set([
  'cache-dir',
  'require-virtualenv',
  'user',
  'target',
  'prefix',
  'root',
  'log',
  'python',
  'src',
  'build',
  'cert',
  'client-cert',
  'no-cache-dir',
  'quiet',
  'verbose',
  'progress-bar',
  'report',
]);
const proxies = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
];
const certificates = ['PIP_CERT', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE'];

/** `mount`: where the volume is inside the container. */
export async function pipFiles(
  environment: Environment,
  mount: string,
  home = environment['HOME'] ?? homedir(),
): Promise<PipFiles> {
  const settings = await readSettings(environment, home);
  const files: TarSource[] = [];
  const passed: Record<string, string> = {
    PIP_CONFIG_FILE: `${mount}/pip.conf`,
    PIP_BREAK_SYSTEM_PACKAGES: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_ROOT_USER_ACTION: 'ignore',
    PIP_CACHE_DIR: `${mount}-cache`,
  };
  for (const name of proxies) {
    const value = environment[name];
    if (value !== undefined && value !== '') passed[name] = value;
  }
  const certificate = await readFirst([settings.get('cert'), ...certificates.map((name) => environment[name])]);
  if (certificate !== undefined) {
    files.push({ kind: 'file', path: 'ca.pem', mode: 0o644, content: certificate });
    for (const name of ['PIP_CERT', 'REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE']) passed[name] = `${mount}/ca.pem`;
  }
  const client = await readFirst([settings.get('client-cert')]);
  if (client !== undefined) {
    files.push({ kind: 'file', path: 'client.pem', mode: 0o600, content: client });
    passed['PIP_CLIENT_CERT'] = `${mount}/client.pem`;
  }
  const netrc = await readFirst([environment['NETRC'], join(home, '.netrc')]);
  if (netrc !== undefined) files.push({ kind: 'file', path: '.netrc', mode: 0o600, content: netrc });
  files.push({ kind: 'file', path: 'pip.conf', mode: 0o600, content: configText(settings) });
  return { files, environment: passed };
}

async function readFirst(paths: readonly (string | undefined)[]): Promise<Buffer | undefined> {
  for (const path of paths) {
    if (path === undefined || path === '') continue;
    const content = await readFile(path).catch(() => undefined);
    if (content !== undefined) return content;
  }
  return undefined;
}

/** Files of the machine, the user and PIP_CONFIG_FILE, then PIP_… of the environment, in pip's own order. */
async function readSettings(environment: Environment, home: string): Promise<Map<string, string>> {
  const settings = new Map<string, string>();
  for (const path of configPaths(environment, home)) {
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const [key, value] of parseConfig(text)) settings.set(key, value);
  }
  for (const [name, value] of Object.entries(environment)) {
    const key = /^PIP_([A-Z_]+)$/.exec(name)?.[1]?.toLowerCase().replaceAll('_', '-');
    if (key !== undefined && key !== 'config-file' && value !== undefined && value !== '') settings.set(key, value);
  }
  return settings;
}

function configPaths(environment: Environment, home: string): string[] {
  const file = environment['PIP_CONFIG_FILE'];
  const chosen = file === undefined ? [] : [file];
  if (process.platform === 'win32') {
    const roaming = environment['APPDATA'] ?? join(home, 'AppData', 'Roaming');
    const all = environment['PROGRAMDATA'] ?? 'C:\\ProgramData';
    return [join(all, 'pip', 'pip.ini'), join(home, 'pip', 'pip.ini'), join(roaming, 'pip', 'pip.ini'), ...chosen];
  }
  const config = environment['XDG_CONFIG_HOME'] ?? join(home, '.config');
  const mac =
    process.platform === 'darwin'
      ? ['/Library/Application Support/pip/pip.conf', join(home, 'Library', 'Application Support', 'pip', 'pip.conf')]
      : [];
  return ['/etc/pip.conf', ...mac, join(home, '.pip', 'pip.conf'), join(config, 'pip', 'pip.conf'), ...chosen];
}

/** Sections `global` and `install` of an INI file; a value goes on in indented lines. */
export function parseConfig(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  let wanted = false;
  let key = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const head = /^\[(.+)\]\s*$/.exec(line)?.[1]?.trim();
    if (head !== undefined) wanted = head === 'global' || head === 'install';
    else if (wanted) key = takeLine(settings, key, line);
  }
  return settings;
}

/** Answers the key that the next line may go on with. */
function takeLine(settings: Map<string, string>, key: string, line: string): string {
  if (/^\s/.test(line) && key !== '') {
    settings.set(key, `${settings.get(key) ?? ''}\n${line.trim()}`.trim());
    return key;
  }
  const [, name = '', value = ''] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
  const own = name.trim().toLowerCase().replaceAll('_', '-');
  if (own !== '') settings.set(own, value.trim());
  return own;
}

function configText(settings: ReadonlyMap<string, string>): string {
  const lines = ['[global]'];
  for (const [key, value] of settings) {
    if (own.has(key)) continue;
    const kept = key === 'find-links' || key === 'constraint' || key === 'requirement' ? addresses(value) : value;
    if (kept !== '') lines.push(`${key} = ${kept.split('\n').join('\n    ')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Folders of this machine mean nothing inside of a container. */
const addresses = (value: string): string =>
  value
    .split(/\s+/)
    .filter((part) => /^https?:\/\//.test(part))
    .join('\n');
