/** Where an engine listens, as a value: parsed from an address, and refused with words where it can't be used safely. */
import { parseSsh, showSsh, type SshTarget } from './sshTarget';
import { isLoopback, parseTcp, showTcp, type TcpTarget, type TlsMaterial } from './tcpTarget';

export type Endpoint =
  | { readonly kind: 'socket'; readonly path: string }
  /** A named pipe of Windows. */
  | { readonly kind: 'pipe'; readonly path: string }
  | { readonly kind: 'ssh'; readonly target: SshTarget }
  | { readonly kind: 'tcp'; readonly target: TcpTarget }
  /** `why`: a clause that can stand before a colon and the text. */
  | { readonly kind: 'unsupported'; readonly text: string; readonly why: string; readonly hint?: string };

export const showEndpoint = (endpoint: Endpoint): string => {
  switch (endpoint.kind) {
    case 'socket':
      return `unix://${endpoint.path}`;
    case 'pipe':
      return `npipe://${endpoint.path.replaceAll('\\', '/')}`;
    case 'ssh':
      return showSsh(endpoint.target);
    case 'tcp':
      return showTcp(endpoint.target);
    default:
      return endpoint.text;
  }
};

/** Whether the engine sees this machine's folders: only then can a folder be mounted into a container of it. */
export const isLocal = (endpoint: Endpoint): boolean => endpoint.kind === 'socket' || endpoint.kind === 'pipe';

export interface EndpointMaterial {
  /** What the user gave for `tcp://` addresses. */
  readonly tls?: TlsMaterial | undefined;
  /** True: the user allows plain text to a loopback address. */
  readonly allowPlainLoopback?: boolean;
}

export function parseEndpoint(text: string, material: EndpointMaterial = {}): Endpoint {
  const [, scheme = '', rest = ''] = /^([a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === 'unix' && rest.startsWith('/')) return { kind: 'socket', path: rest };
  if (scheme === 'npipe') return { kind: 'pipe', path: rest.replaceAll('/', '\\') };
  if (scheme === 'ssh') return sshEndpoint(text, rest);
  if (['tcp', 'http', 'https'].includes(scheme)) return tcpEndpoint(text, rest, material);
  return { kind: 'unsupported', text, why: 'This is not an address of an engine', hint: addressHint };
}

const addressHint = 'Addresses begin with unix://, npipe://, ssh:// or tcp://.';

function sshEndpoint(text: string, rest: string): Endpoint {
  const parsed = parseSsh(rest);
  if ('target' in parsed) return { kind: 'ssh', target: parsed.target };
  const hint = 'Write ssh://user@host, ssh://user@host:port, or the name of a Host of your ssh configuration.';
  return { kind: 'unsupported', text, why: `This ssh address can't be used, since ${parsed.why}`, hint };
}

function tcpEndpoint(text: string, rest: string, material: EndpointMaterial): Endpoint {
  const { tls, allowPlainLoopback = false } = material;
  const place = parseTcp(rest, tls !== undefined);
  if (place === undefined)
    return { kind: 'unsupported', text, why: 'This address has no host and port', hint: addressHint };
  const loopback = isLoopback(place.host);
  if (tls === undefined) {
    if (loopback && allowPlainLoopback) return { kind: 'tcp', target: { ...place, tls: null } };
    return {
      kind: 'unsupported',
      text,
      why: 'Plain TCP would give this engine to anyone on the way, so it is not used',
      hint: plainHint(loopback),
    };
  }
  if (tls.skipVerify === true && !loopback) {
    const why = 'Its certificate is not to be verified (skip-tls-verify), so anyone could answer for it';
    return {
      kind: 'unsupported',
      text,
      why,
      hint: 'Give the CA that signed its certificate, and turn verification on.',
    };
  }
  return { kind: 'tcp', target: { ...place, tls } };
}

const plainHint = (loopback: boolean): string =>
  loopback
    ? 'Define it in engines.json with "plainLoopback": true, or use its socket.'
    : 'Give it mutual TLS (DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or ca, cert and key in engines.json), or use ssh://.';
