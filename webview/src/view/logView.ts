/**
 * The log of a run. It is never drawn anew: lines are kept in blocks, and only the blocks near what is seen hold rows, so
 * that 100,000 lines cost as little as a few hundred. Followed until the user scrolls up.
 */
import { formatNumber } from '../../../runner/src/domain/format';
import type { LogLine } from '../protocol';
import { parseMetric } from '../../../runner/src/domain/metrics';
import { h } from './dom';
import type { LogBuffer } from './logBuffer';
import { logText, type OpenLine } from './logText';

const blockLines = 100;
const guessedHeight = 18;
/** How far beyond what is seen blocks are filled. */
const ahead = '600px';

interface Block {
  readonly element: HTMLElement;
  /** Number of its first line. */
  readonly first: number;
  lines: readonly LogLine[];
  isNear: boolean;
}

export interface LogStatus {
  readonly matches: string;
  readonly isFollowing: boolean;
  readonly unseen: number;
}

export class LogView {
  readonly element: HTMLElement;
  private blocks: Block[] = [];
  private buffer: LogBuffer = { first: 0, lines: [] };
  private began = 0;
  private files: ReadonlySet<string> = new Set();
  private wanted = '';
  private matches: number[] = [];
  private current = -1;
  private isFollowing = true;
  private unseen = 0;
  private readonly watcher: IntersectionObserver;

  constructor(
    private readonly open: OpenLine,
    private readonly onStatus: () => void,
  ) {
    this.element = h('div', {
      class: 'log mono',
      role: 'log',
      'aria-live': 'off',
      tabindex: '0',
      id: 'log',
      'aria-label': 'Log',
      'data-keep': '',
    });
    this.watcher = new IntersectionObserver((seen) => this.see(seen), { root: this.element, rootMargin: ahead });
    this.element.addEventListener('scroll', () => this.scrolled());
    this.element.addEventListener('wheel', (event) => this.turned(event.deltaY), { passive: true });
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 'End' || event.ctrlKey) return;
      this.follow(true);
      event.preventDefault();
    });
  }

  get status(): LogStatus {
    const count = this.matches.length;
    const place =
      count === 0 ? 'No match' : `${(this.current + 1).toLocaleString('en')} of ${count.toLocaleString('en')}`;
    return { matches: this.wanted === '' ? '' : place, isFollowing: this.isFollowing, unseen: this.unseen };
  }

  /** Times are shown since `began` (milliseconds); `files` are the package's, whose lines are links. */
  describe(began: number, files: ReadonlySet<string>): void {
    if (began === this.began && files === this.files) return;
    this.began = began;
    this.files = files;
    for (const block of this.blocks) this.draw(block);
  }

  /** Brings what is shown up to the buffer. */
  take(buffer: LogBuffer): void {
    if (buffer === this.buffer) return;
    const end = this.buffer.first + this.buffer.lines.length;
    const nextEnd = buffer.first + buffer.lines.length;
    const from = commonEnd(this.buffer, buffer);
    this.buffer = buffer;
    if (from === undefined) this.clear();
    else this.cutAt(from);
    this.dropBefore(buffer.first);
    this.add(from ?? buffer.first);
    if (!this.isFollowing) this.unseen += Math.max(0, nextEnd - end);
    if (this.wanted !== '') this.extendMatches(from ?? buffer.first);
    this.stick();
  }

  find(text: string): void {
    this.wanted = text.toLowerCase();
    this.matches = [];
    this.current = -1;
    if (this.wanted !== '') this.extendMatches(this.buffer.first);
    for (const block of this.blocks) this.draw(block);
    if (this.matches.length > 0) this.go(1);
    this.onStatus();
  }

  /** To the next or the previous match. */
  go(step: 1 | -1): void {
    if (this.matches.length === 0) return this.onStatus();
    const before = this.matches[this.current];
    this.current = (this.current + step + this.matches.length) % this.matches.length;
    const line = this.matches[this.current] ?? 0;
    this.setFollowing(false);
    if (before !== undefined) this.refresh(before);
    this.show(line);
    this.onStatus();
  }

  /** Scrolls to a line by its number. */
  show(number: number): void {
    const block = this.blockOf(number);
    if (block === undefined) return;
    block.isNear = true;
    this.draw(block);
    this.setFollowing(false);
    const row = block.element.children[number - block.first];
    // Blocks above may still have guessed heights, so the place is looked for again once they are filled.
    row?.scrollIntoView({ block: 'center' });
    requestAnimationFrame(() => row?.isConnected === true && row.scrollIntoView({ block: 'center' }));
  }

  /** The first line at or after a time (milliseconds). */
  showTime(time: number): void {
    const index = this.buffer.lines.findIndex((line) => Date.parse(line.time) >= time);
    this.show(this.buffer.first + (index === -1 ? this.buffer.lines.length - 1 : index));
  }

  follow(wanted: boolean): void {
    this.setFollowing(wanted);
    this.stick();
  }

  wrap(wanted: boolean): void {
    this.element.classList.toggle('nowrap', !wanted);
  }

  private setFollowing(wanted: boolean): void {
    if (wanted) this.unseen = 0;
    if (this.isFollowing === wanted) return;
    this.isFollowing = wanted;
    this.onStatus();
  }

  private stick(): void {
    if (this.isFollowing) this.toEnd();
    else this.onStatus();
  }

  private toEnd(): void {
    this.element.scrollTop = this.element.scrollHeight;
    this.lastTop = this.element.scrollTop;
  }

  /** A wheel that is turned up is meant so, also where new lines come at the same moment. */
  private turned(deltaY: number): void {
    if (deltaY < 0 && this.element.scrollHeight > this.element.clientHeight) this.setFollowing(false);
  }

  /** The user scrolled up, or down to the end again. */
  private lastTop = 0;
  private scrolled(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4;
    if (scrollTop < this.lastTop - 2 && !isAtEnd) this.setFollowing(false);
    if (isAtEnd && scrollTop > this.lastTop && !this.isFollowing) this.setFollowing(true);
    this.lastTop = scrollTop;
  }

  /** Lines from here on were told again, or are new. */
  private cutAt(number: number): void {
    while ((this.blocks.at(-1)?.first ?? -1) >= number) {
      const gone = this.blocks.pop();
      if (gone === undefined) return;
      this.watcher.unobserve(gone.element);
      gone.element.remove();
    }
    const last = this.blocks.at(-1);
    if (last !== undefined && number < last.first + last.lines.length)
      last.lines = last.lines.slice(0, number - last.first);
  }

  private clear(): void {
    for (const block of this.blocks) this.watcher.unobserve(block.element);
    this.blocks = [];
    this.element.replaceChildren();
    this.matches = [];
    this.current = -1;
  }

  private dropBefore(first: number): void {
    while ((this.blocks[1]?.first ?? Infinity) <= first) {
      const gone = this.blocks.shift();
      if (gone === undefined) return;
      this.watcher.unobserve(gone.element);
      gone.element.remove();
    }
  }

  private add(from: number): void {
    const { first, lines } = this.buffer;
    let number = from;
    const last = this.blocks.at(-1);
    if (last !== undefined && last.lines.length < blockLines) {
      const room = last.first + blockLines;
      last.lines = lines.slice(Math.max(0, last.first - first), room - first);
      number = Math.min(room, first + lines.length);
      this.draw(last);
    }
    const added = document.createDocumentFragment();
    for (; number < first + lines.length; number += blockLines) {
      const element = h('div', { class: 'log-block' });
      const block: Block = {
        element,
        first: number,
        lines: lines.slice(number - first, number - first + blockLines),
        isNear: false,
      };
      this.draw(block);
      this.blocks.push(block);
      added.append(element);
    }
    this.element.append(added);
    const fresh = this.blocks.slice(-2);
    // The end is what is seen while it is followed; it need not wait for the observer.
    for (const block of fresh) if (this.isFollowing && !block.isNear) this.near(block, true);
    for (const block of this.blocks) this.watcher.observe(block.element);
  }

  private see(seen: readonly IntersectionObserverEntry[]): void {
    const byElement = new Map(this.blocks.map((block) => [block.element as Element, block]));
    for (const { target, isIntersecting } of seen) {
      const block = byElement.get(target);
      if (block !== undefined && block.isNear !== isIntersecting) this.near(block, isIntersecting);
    }
    if (this.isFollowing) this.toEnd();
  }

  private near(block: Block, isNear: boolean): void {
    // What it measured is what it keeps when it is emptied.
    if (!isNear && block.element.childElementCount > 0) block.element.style.height = `${block.element.offsetHeight}px`;
    block.isNear = isNear;
    this.draw(block);
  }

  private draw(block: Block): void {
    if (!block.isNear) {
      if (block.element.childElementCount > 0) block.element.replaceChildren();
      if (block.element.style.height === '') block.element.style.height = `${block.lines.length * guessedHeight}px`;
      return;
    }
    block.element.style.height = '';
    block.element.replaceChildren(...block.lines.map((line, i) => this.row(line, block.first + i)));
  }

  private refresh(number: number): void {
    const block = this.blockOf(number);
    if (block !== undefined) this.draw(block);
  }

  private blockOf(number: number): Block | undefined {
    return this.blocks.find((block) => number >= block.first && number < block.first + block.lines.length);
  }

  private row(line: LogLine, number: number): HTMLElement {
    const seconds = (Date.parse(line.time) - this.began) / 1000;
    const time = Number.isFinite(seconds) && seconds >= 0 ? seconds.toFixed(1) : '';
    const isMetric = line.stream === 'stdout' && parseMetric(line.text) !== undefined;
    const isMatch = this.wanted !== '' && line.text.toLowerCase().includes(this.wanted);
    const isCurrent = isMatch && this.matches[this.current] === number;
    const classes = ['line', line.stream, ...(isMetric ? ['metric'] : []), ...(isMatch ? ['match'] : [])];
    return h(
      'div',
      { class: [...classes, ...(isCurrent ? ['current'] : [])].join(' ') },
      h('span', { class: 'time' }, time),
      h(
        'span',
        { class: 'text' },
        line.stream === 'stderr' && h('span', { class: 'hidden' }, 'stderr: '),
        ...logText(line.text, this.files, this.open),
      ),
    );
  }

  private extendMatches(from: number): void {
    const { first, lines } = this.buffer;
    this.matches = this.matches.filter((number) => number < from && number >= first);
    for (let number = Math.max(from, first); number < first + lines.length; number += 1)
      if (lines[number - first]?.text.toLowerCase().includes(this.wanted) === true) this.matches.push(number);
    this.onStatus();
  }
}

/** "97 lines, 1 on stderr (marked)" */
export function countInWords({ first, lines }: LogBuffer): string {
  const errors = lines.reduce((count, line) => count + (line.stream === 'stderr' ? 1 : 0), 0);
  const all = formatNumber(first + lines.length, 'line');
  const marked = errors === 0 ? '' : `, ${errors.toLocaleString('en')} on stderr (marked)`;
  return first === 0 ? `${all}${marked}` : `${all}, the last ${lines.length.toLocaleString('en')} here${marked}`;
}

/** Up to which line (by number) both hold the same; undefined where they have nothing in common. */
function commonEnd(old: LogBuffer, buffer: LogBuffer): number | undefined {
  const oldEnd = old.first + old.lines.length;
  if (buffer.first < old.first || buffer.first > oldEnd) return undefined;
  let number = Math.min(oldEnd, buffer.first + buffer.lines.length);
  while (number > buffer.first && old.lines[number - 1 - old.first] !== buffer.lines[number - 1 - buffer.first])
    number -= 1;
  return number;
}
