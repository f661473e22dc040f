/** How Node's http gets its connections to an endpoint: by socket, over ssh, or with mutual TLS. */
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect as connectPlain } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Endpoint } from './endpoint';
import { SshConnection } from './sshConnection';
import { sshProgram, type SshProgram } from './sshProgram';
import type { TcpTarget } from './tcpTarget';

export const connectMilliseconds = 5_000;

type Created = (error: Error | null, stream: Duplex) => void;

/** An agent whose connections come from `open`, whatever address a request carries. */
class DialAgent extends Agent {
  constructor(
    private readonly open: () => Promise<Duplex>,
    maxSockets: number,
  ) {
    super({ keepAlive: true, maxSockets });
  }

  override createConnection(_options: ClientRequestArgs, created?: Created): undefined {
    this.open().then(
      (stream) => created?.(null, stream),
      // Node looks at the error first.
      (error: Error) => created?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}

/** Streams of logs stay open as long as their runs, so there are more connections than calls at a time. */
const mostSockets = 128;

export function agentFor(engine: string, endpoint: Endpoint, program: SshProgram = sshProgram(process.env)): Agent {
  switch (endpoint.kind) {
    case 'ssh': {
      const connection = new SshConnection({ engine, target: endpoint.target, program });
      return new DialAgent(() => connection.connect(), mostSockets);
    }
    case 'tcp':
      return new DialAgent(() => openTcp(endpoint.target), mostSockets);
    default:
      return new Agent({ keepAlive: true, maxSockets: mostSockets });
  }
}

/** Never plain where there is TLS material, and never TLS that is not mutual. */
function openTcp({ host, port, tls }: TcpTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === null
        ? connectPlain({ host, port })
        : connectTls({
            host,
            port,
            ca: tls.ca,
            cert: tls.cert,
            key: tls.key,
            minVersion: 'TLSv1.2',
            ALPNProtocols: ['http/1.1'],
            // An address has no server name to be sent; its certificate is held against the address.
            ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
            rejectUnauthorized: tls.skipVerify !== true,
          });
    const late = setTimeout(() => socket.destroy(lateError()), connectMilliseconds);
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(late);
      reject(lateError());
    });
    socket.once(tls === null ? 'connect' : 'secureConnect', () => {
      clearTimeout(late);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

const lateError = (): Error =>
  Object.assign(new Error(`no connection within ${connectMilliseconds / 1000} s`), { code: 'ETIMEDOUT' });
