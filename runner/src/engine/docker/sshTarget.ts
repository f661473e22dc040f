/** An `ssh://` address, checked so strictly that no part of it can be taken for an option or for shell text. */
export interface SshTarget {
  /** Absent: what the user's ssh configuration says, else the local name. */
  readonly user?: string;
  /** A host name, an address, or a Host of the user's ssh configuration. */
  readonly host: string;
  readonly port?: number;
  /** The engine's socket on that host, where the address names one; otherwise it is asked for. */
  readonly socket?: string;
}

/** Neither may begin with "-": the system's ssh would take it for an option. */
const userPattern = /^[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,127}$/;
const hostPattern = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,254}$/;
const addressPattern = /^\[([0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?)\]$/;
const socketPattern = /^\/[A-Za-z0-9_./@+-]{1,100}$/;

export type ParsedSsh = { readonly target: SshTarget } | { readonly why: string };

const refused = (why: string): ParsedSsh => ({ why });

/** `rest`: what stands after `ssh://`. */
export function parseSsh(rest: string): ParsedSsh {
  const slash = rest.indexOf('/');
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const socket = slash === -1 || slash === rest.length - 1 ? undefined : rest.slice(slash);
  if (socket !== undefined && !socketPattern.test(socket))
    return refused('the path after its host is not one of a socket');
  const at = authority.lastIndexOf('@');
  const user = at === -1 ? {} : { user: authority.slice(0, at) };
  const why = userProblem(user.user);
  if (why !== undefined) return refused(why);
  const place = parsePlace(authority.slice(at + 1));
  if ('why' in place) return place;
  return { target: { ...place, ...user, ...(socket === undefined ? {} : { socket }) } };
}

function userProblem(user: string | undefined): string | undefined {
  if (user === undefined || userPattern.test(user)) return undefined;
  if (user.includes(':')) return 'it holds a password; the keys and agents of ssh are used instead';
  return 'its user name can’t be one';
}

function parsePlace(text: string): { readonly host: string; readonly port?: number } | { readonly why: string } {
  const [, name = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const host = addressPattern.exec(name)?.[1] ?? (hostPattern.test(name) ? name : undefined);
  if (host === undefined) return { why: 'its host name can’t be one' };
  if (portText === undefined) return { host };
  const port = portOf(portText);
  return port === undefined ? { why: 'its port is no number from 1 to 65535' } : { host, port };
}

function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

export function showSsh({ user, host, port, socket }: SshTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  const place = `${user === undefined ? '' : `${user}@`}${name}${port === undefined ? '' : `:${port}`}`;
  return `ssh://${place}${socket ?? ''}`;
}
