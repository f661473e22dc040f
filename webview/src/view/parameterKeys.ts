/** The keyboard of the parameter grid. */

export type Column = 'name' | 'value';

export interface GridPlace {
  readonly row: number;
  readonly column: Column;
  /** The empty row at the end. */
  readonly last: number;
  /** Absent for the empty row. */
  readonly remove: (() => void) | undefined;
}

/** Enter and Down: next row, Up: the one before, Ctrl+Delete: away with this one. */
export function gridKey(event: KeyboardEvent, place: GridPlace): void {
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key === 'Delete') {
    event.preventDefault();
    place.remove?.();
    // The next row has taken this one's place.
    focusCell(place.row, place.column);
    return;
  }
  if (isCommand || event.altKey || event.shiftKey || event.isComposing) return;
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  focusCell(Math.min(Math.max(place.row + step, 0), place.last), place.column);
}

const steps: Readonly<Record<string, number>> = { Enter: 1, ArrowDown: 1, ArrowUp: -1 };

const focusCell = (row: number, column: Column): void => document.getElementById(`parameter-${row}-${column}`)?.focus();
