/** The user's registries as calls to an engine need them: headers for the images that a call pulls. */
import { isExpected, type ExpectedError } from '../../domain/errors';
import { registryAuth, registryOf, type RegistryAuth } from './registryAuth';

type Environment = Readonly<Record<string, string | undefined>>;

export interface RegistryHeaders {
  readonly headers: Readonly<Record<string, string>>;
  /** Why the user's credentials could not be had; it only matters where the registry then refuses. */
  readonly problem?: ExpectedError;
}

export interface Registries {
  forPull(image: string): Promise<RegistryHeaders>;
  forBuild(images: readonly string[]): Promise<RegistryHeaders>;
}

export const noRegistries: Registries = {
  forPull: () => Promise.resolve({ headers: {} }),
  forBuild: () => Promise.resolve({ headers: {} }),
};

export function userRegistries(environment: Environment): Registries {
  const find = async (image: string): Promise<{ auth?: RegistryAuth | undefined; problem?: ExpectedError }> => {
    try {
      return { auth: await registryAuth(environment, registryOf(image)) };
    } catch (error) {
      if (isExpected(error)) return { problem: error };
      throw error;
    }
  };
  return {
    forPull: async (image) => {
      const { auth, problem } = await find(image);
      return told(auth === undefined ? {} : { 'X-Registry-Auth': encoded(auth) }, problem);
    },
    forBuild: async (images) => {
      const found = await Promise.all(images.map(find));
      const auths = found.flatMap(({ auth }) => (auth === undefined ? [] : [[auth.serveraddress, auth] as const]));
      const problem = found.find((one) => one.problem !== undefined)?.problem;
      return told(auths.length === 0 ? {} : { 'X-Registry-Config': encoded(Object.fromEntries(auths)) }, problem);
    },
  };
}

const told = (headers: Readonly<Record<string, string>>, problem: ExpectedError | undefined): RegistryHeaders =>
  problem === undefined ? { headers } : { headers, problem };

/** base64url with padding, as Docker reads it. */
const encoded = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
