/** ANSI colours of a line of the log, as spans; every other escape sequence is left out. */
import { h } from './dom';

const sequence = /\u001b(?:\[([0-9;:?]*)([A-Za-z])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[()][A-Za-z0-9]|.)/g;
const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

export function ansiSpans(text: string): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  let classes = new Set<string>();
  let end = 0;
  const push = (piece: string): void => {
    if (piece === '') return;
    parts.push(classes.size === 0 ? piece : h('span', { class: [...classes].join(' ') }, piece));
  };
  for (const match of text.matchAll(sequence)) {
    push(text.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[2] === 'm') classes = after(classes, match[1] ?? '');
  }
  push(text.slice(end));
  return parts;
}

/** Numbers above 107 and the arguments of 38 and 48 (256 colours and true colour) are shown without a colour. */
function after(before: ReadonlySet<string>, codes: string): Set<string> {
  let classes = new Set(before);
  const numbers = codes.split(/[;:]/).map(Number);
  for (const code of numbers) {
    if (code === 38 || code === 48) return classes;
    if (code === 0) classes = new Set();
    else if (code === 1) classes.add('bold');
    else if (code === 22) classes.delete('bold');
    else classes = coloured(classes, code);
  }
  return classes;
}

function coloured(classes: Set<string>, code: number): Set<string> {
  const isNormal = code >= 30 && code <= 37;
  const isBright = code >= 90 && code <= 97;
  if (!isNormal && !isBright && code !== 39) return classes;
  const rest = [...classes].filter((one) => !one.startsWith('ansi-'));
  return new Set(code === 39 ? rest : [...rest, `ansi-${colours[code % 10] ?? 'white'}`]);
}
