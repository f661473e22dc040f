/** Bytes of a Python file to text, as PEP 263 has it; never fails. */

const cookie = /^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)/;

/** Keeps a byte-order mark. Bytes that are no text become U+FFFD. */
export function decodePython(bytes: Uint8Array): string {
  const label = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 'utf-8' : declared(bytes);
  return new TextDecoder(label, { ignoreBOM: true }).decode(bytes);
}

/** The declaration in the first two lines; UTF-8 where there is none, or none that is known. */
function declared(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 400));
  const [first = '', second = ''] = head.split(/\r\n|\r|\n/);
  const inSecond = /^[ \t\f]*(?:#.*)?$/.test(first) ? cookie.exec(second) : null;
  const name = (cookie.exec(first) ?? inSecond)?.[1]?.toLowerCase().replaceAll('_', '-') ?? 'utf-8';
  return isKnown(name) ? name : 'utf-8';
}

function isKnown(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== 'utf-16le';
  } catch {
    return false;
  }
}
