/** The environments in which a run may install requirements, as far as markers can tell them apart. */
import { newestMinor, oldestMinor, pythonMinor } from '../python/stdlib';
import { holds, type Environment, type Marker } from './marker';

const systems = [
  { sys_platform: 'linux', platform_system: 'Linux', os_name: 'posix', machines: ['x86_64', 'aarch64'] },
  { sys_platform: 'darwin', platform_system: 'Darwin', os_name: 'posix', machines: ['x86_64', 'arm64'] },
  { sys_platform: 'win32', platform_system: 'Windows', os_name: 'nt', machines: ['AMD64', 'ARM64'] },
];
const implementations = [
  { implementation_name: 'cpython', platform_python_implementation: 'CPython' },
  { implementation_name: 'pypy', platform_python_implementation: 'PyPy' },
];

/** With a configured Python only that one. */
export function environmentsOf(python: string | undefined): Environment[] {
  const chosen = pythonMinor(python);
  const minors = chosen === undefined ? range(oldestMinor, newestMinor) : [chosen];
  return minors.flatMap((minor) =>
    systems.flatMap(({ machines, ...system }) =>
      machines.flatMap((machine) =>
        implementations.flatMap((implementation) =>
          ['0', '20'].map((patch) => ({
            ...system,
            ...implementation,
            platform_machine: machine,
            python_version: `3.${minor}`,
            python_full_version: `3.${minor}.${patch}`,
            implementation_version: `3.${minor}.${patch}`,
            extra: '',
          })),
        ),
      ),
    ),
  );
}

/** Those in which both surely apply. */
export function sharedEnvironments(
  all: readonly Environment[],
  one: Marker | undefined,
  other: Marker | undefined,
): Environment[] {
  return all.filter((environment) => applies(one, environment) && applies(other, environment));
}

const applies = (marker: Marker | undefined, environment: Environment): boolean =>
  marker === undefined || holds(marker, environment) === true;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
