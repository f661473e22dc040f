/** An engine's address that the user gives instead of a name: only a command line may, since a workspace names and never defines. */
import { ExpectedError } from './domain/errors';
import { showEndpoint } from './engine/docker/endpoint';
import { addressEndpoint } from './engine/docker/engineChoices';
import { rememberAddress } from './engine/docker/engineFiles';

type Environment = Readonly<Record<string, string | undefined>>;

export const isAddress = (text: string): boolean => text.includes('://');

/** The name of the engine at this address. It is remembered for the user's other processes, which may have to go on with the run. */
export async function acceptAddress(environment: Environment, text: string): Promise<string> {
  const endpoint = await addressEndpoint(environment, text);
  if (endpoint.kind === 'unsupported')
    throw new ExpectedError('usage', `${endpoint.why}: ${endpoint.text}.`, endpoint.hint ?? '');
  const address = showEndpoint(endpoint);
  await rememberAddress(environment, address);
  return address;
}

/** One engine or several with commas between them, each a name or an address. */
export async function acceptNames(environment: Environment, text: string): Promise<string> {
  const accept = (one: string): Promise<string> | string => (isAddress(one) ? acceptAddress(environment, one) : one);
  return (await Promise.all(text.split(',').map(accept))).join(',');
}
