/** A `tcp://` address: with mutual TLS, or plain on the loopback where the user said so explicitly. */
export interface TlsMaterial {
  /** PEM texts. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The host name that the server's certificate must hold, where it is not the address's own. */
  readonly serverName?: string;
  /** Docker's skip-tls-verify: honoured on the loopback only. */
  readonly skipVerify?: boolean;
}

export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  /** Null: plain text, which only an explicit setting and a loopback address allow. */
  readonly tls: TlsMaterial | null;
}

const hostPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
const addressPattern = /^\[([0-9A-Fa-f:.]{2,45})\]$/;

/** `rest`: what stands after `tcp://`. Undefined where it is no host and port. */
export function parseTcp(
  rest: string,
  isSecure: boolean,
): { readonly host: string; readonly port: number } | undefined {
  const [, name = '', portText = isSecure ? '2376' : '2375'] =
    /^(\[[^\]]*\]|[^:/]*)(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  const host = hostOf(name);
  const port = Number(portText);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

const hostOf = (name: string): string | undefined =>
  addressPattern.exec(name)?.[1] ?? (hostPattern.test(name) ? name : undefined);

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

export const showTcp = ({ host, port }: Pick<TcpTarget, 'host' | 'port'>): string =>
  `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
