/** Version numbers `MAJOR.MINOR`: ordered through semver, shown with two parts. */
import { compare, major, minor, SemVer } from 'semver';

const pattern = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;

/** A version number as shown: "1.0", "1.10". */
export type VersionNumber = string;

export function isVersionNumber(text: string): boolean {
  return pattern.test(text);
}

const semver = (version: VersionNumber): SemVer => new SemVer(`${version}.0`);

export const majorOf = (version: VersionNumber): number => major(semver(version));
export const minorOf = (version: VersionNumber): number => minor(semver(version));

/** Ascending: 1.2, 1.9, 1.10, 2.0. */
export function compareVersions(a: VersionNumber, b: VersionNumber): number {
  return compare(semver(a), semver(b));
}

/** The next major after all that were ever given: "1.0" where there is none. */
export function nextMajor(taken: readonly VersionNumber[]): VersionNumber {
  return `${Math.max(0, ...taken.map(majorOf)) + 1}.0`;
}

/** The number after the highest minor that was ever given in the major of `from`. */
export function nextMinor(from: VersionNumber, taken: readonly VersionNumber[]): VersionNumber {
  const wanted = majorOf(from);
  const minors = [from, ...taken].filter((version) => majorOf(version) === wanted).map(minorOf);
  return `${wanted}.${Math.max(...minors) + 1}`;
}
