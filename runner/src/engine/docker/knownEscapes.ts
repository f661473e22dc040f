/**
 * Versions of engines and runtimes out of which containers are known to have escaped. The facts are the projects' own security
 * advisories; each entry names its source. A distribution mends its builds without a new version number, so those are left to
 * the distribution's own tracker.
 */
import type { Warning } from '../../domain/run';

export interface EngineVersions {
  /** Of Docker Engine; "" with Podman. */
  readonly engine: string;
  /** "" where the engine does not tell. */
  readonly runc: string;
  /** Whether requests to the engine are decided by an authorization plugin. */
  readonly hasAuthorization: boolean;
}

interface Escape {
  readonly id: string;
  readonly what: string;
  readonly source: string;
  readonly isIn: (versions: EngineVersions) => boolean;
  readonly mended: string;
}

const runcAdvisories = 'https://github.com/opencontainers/runc/security/advisories';

const escapes: readonly Escape[] = [
  {
    id: 'CVE-2019-5736',
    what: 'a container can overwrite runc on the host',
    source: 'https://www.openwall.com/lists/oss-security/2019/02/11/2',
    isIn: ({ runc }) => isBelow(runc, '1.0.0-rc7'),
    mended: 'runc 1.0.0-rc7',
  },
  {
    id: 'CVE-2024-21626',
    what: 'an image or a working directory can reach the host’s files by way of a leaked file descriptor',
    source: `${runcAdvisories}/GHSA-xr7r-f8xq-vfvv`,
    isIn: ({ runc }) => !isBelow(runc, '1.0.0-rc93') && isBelow(runc, '1.1.12'),
    mended: 'runc 1.1.12',
  },
  ...['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881'].map((id) => ({
    id,
    what: 'a container that is started in a race can write to files of the host’s kernel',
    source: runcAdvisories,
    isIn: ({ runc }: EngineVersions) =>
      isBelow(runc, '1.2.8') || isWithin(runc, '1.3.0', '1.3.3') || isWithin(runc, '1.4.0-rc.1', '1.4.0-rc.3'),
    mended: 'runc 1.2.8, 1.3.3 or 1.4.0-rc.3',
  })),
  {
    id: 'CVE-2024-41110',
    what: 'a request can pass an authorization plugin',
    source: 'https://github.com/moby/moby/security/advisories/GHSA-v23v-6jw2-98fq',
    isIn: ({ engine, hasAuthorization }) =>
      hasAuthorization &&
      (isBelow(engine, '23.0.15') ||
        isWithin(engine, '24.0.0', '25.0.6') ||
        isWithin(engine, '26.0.0', '26.1.5') ||
        isWithin(engine, '27.0.0', '27.1.1')),
    mended: 'Docker 23.0.15, 25.0.6, 26.1.5 or 27.1.1',
  },
];

/** "1.1.5+ds1", "20.10.24+dfsg1", "24.0.7-0ubuntu4": whether it is mended does not show in the number. */
export const isDistributionBuild = (version: string): boolean => /[+~]|ubuntu|deb|\.el\d|\.fc\d|-\d+$/i.test(version);

export function escapeWarnings(where: string, versions: EngineVersions): Warning[] {
  const found = escapes.filter(({ isIn }) => isIn(known(versions)));
  if (found.length === 0) return [];
  const [first] = found;
  const ids = found.map(({ id }) => id).join(', ');
  const mended = [...new Set(found.map((one) => one.mended))].join('; ');
  const what = found.length === 1 ? `: ${first?.what ?? ''}` : '';
  const message = `${where} has a version out of which containers are known to escape (${ids})${what}. Mended in ${mended}; see ${first?.source ?? ''}.`;
  return [{ code: 'engine-escape', message }];
}

/** What the versions alone cannot tell, as a sentence; undefined where they can. */
export function unjudged({ engine, runc }: EngineVersions): string | undefined {
  const builds = [
    ...(isDistributionBuild(engine) ? [`Docker ${engine}`] : []),
    ...(isDistributionBuild(runc) ? [`runc ${runc}`] : []),
  ];
  if (builds.length === 0) return undefined;
  return `${builds.join(' and ')}: a distribution's build, whose number doesn't tell what is mended in it. Its security tracker does.`;
}

const known = ({ engine, runc, hasAuthorization }: EngineVersions): EngineVersions => ({
  engine: isDistributionBuild(engine) ? '' : engine,
  runc: isDistributionBuild(runc) ? '' : runc,
  hasAuthorization,
});

type Numbers = readonly [number, number, number, number];

/** The last number is that of a release candidate; a release comes after all of its candidates. */
function numbersOf(version: string): Numbers | undefined {
  const [, major, minor, patch, candidate] = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-rc\.?(\d+))?/.exec(version) ?? [];
  if (major === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch ?? 0), candidate === undefined ? Infinity : Number(candidate)];
}

/** False where a version is not known. */
function isBelow(version: string, limit: string): boolean {
  const [a, b] = [numbersOf(version), numbersOf(limit)];
  if (a === undefined || b === undefined) return false;
  const at = a.findIndex((number, i) => number !== b[i]);
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0);
}

const isWithin = (version: string, from: string, to: string): boolean =>
  numbersOf(version) !== undefined && !isBelow(version, from) && isBelow(version, to);
