/** Which names a package may have, and which file names every system can hold. */

const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const reservedDevice = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?$/i;

/** Why `name` cannot be a package's name, or undefined where it can. */
export function packageNameProblem(name: string): string | undefined {
  if (name.length > 100) return 'is longer than 100 characters';
  if (!pattern.test(name)) {
    return 'may hold letters, digits, ".", "_" and "-" only, and starts with a letter or a digit';
  }
  if (name.endsWith('.')) return 'ends with a dot';
  if (isReservedDevice(name)) return 'is the name of a device on Windows';
  return undefined;
}

/** Package names are compared without regard to case. */
export function packageKey(name: string): string {
  return name.toLowerCase();
}

/** `CON`, `nul.txt`, `COM1`: names that Windows gives to devices. */
export function isReservedDevice(segment: string): boolean {
  return reservedDevice.test(segment);
}
