/** Line charts and small area charts, as SVG, each with one sentence for those who do not see it. */
import { formatValue } from '../../../runner/src/domain/metrics';
import { h } from './dom';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Which colour and dash of the page's series. */
  readonly index: number;
}

export interface ChartOptions {
  readonly title: string;
  /** Beside the title: "0.032 at step 30". */
  readonly note: string;
  readonly series: readonly Series[];
  readonly logScale?: boolean;
  /** The name at the end of each line; off where there is but one. */
  readonly named?: boolean;
  /** For charts that have half of the page. */
  readonly wide?: boolean;
}

const narrowWidth = 340;
const wideWidth = 460;
const height = 176;
const margin = { left: 44, top: 10, bottom: 24 } as const;
const letterWidth = 6.2;
const mostPoints = 400;
const space = 'http://www.w3.org/2000/svg';

export function lineChart({ title, note, series, ...how }: ChartOptions): HTMLElement {
  const { logScale = false, named = false, wide = false } = how;
  const width = wide ? wideWidth : narrowWidth;
  const usable = series.map((one) => ({ ...one, points: usablePoints(one.points, logScale) }));
  const said = usable.map((one) => sentence(one)).join('; ');
  const svg = element('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${title}. ${said}` });
  if (usable.some((one) => one.points.length > 0)) draw(svg, usable, { logScale, named, width });
  return h(
    'figure',
    { class: 'chart', 'data-key': `chart-${title}` },
    h('figcaption', {}, h('b', {}, title), h('span', { class: 'help' }, note)),
    svg as unknown as Node,
  );
}

function sentence({ name, points }: Series): string {
  const last = points.at(-1);
  return last === undefined ? `${name}: no values` : `${name}: last ${formatValue(last.y)} at step ${last.x}`;
}

const usablePoints = (points: Series['points'], logScale: boolean): Series['points'] =>
  thinned(points.filter(({ y }) => Number.isFinite(y) && (!logScale || y > 0)));

/** A line of more points than pixels looks the same with fewer: of each stretch the lowest and the highest stay. */
function thinned(points: Series['points']): Series['points'] {
  if (points.length <= mostPoints) return points;
  const stretch = Math.ceil(points.length / (mostPoints / 2));
  const kept: Series['points'][number][] = [];
  for (let i = 0; i < points.length; i += stretch) {
    const part = points.slice(i, i + stretch);
    const sorted = [...part].sort((a, b) => a.y - b.y);
    const ends = [sorted[0], sorted.at(-1)].filter((point) => point !== undefined);
    kept.push(...ends.sort((a, b) => a.x - b.x));
  }
  const last = points.at(-1);
  return last === undefined ? kept : [...kept, last];
}

interface Drawing {
  readonly logScale: boolean;
  readonly named: boolean;
  readonly width: number;
}

function draw(svg: SVGElement, series: readonly Series[], { logScale, named, width }: Drawing): void {
  const all = series.flatMap((one) => one.points);
  const names = named ? Math.max(...series.map((one) => one.name.length)) * letterWidth + 8 : 8;
  const right = width - Math.min(names, 110);
  const xs = all.map((point) => point.x);
  const ys = all.map((point) => (logScale ? Math.log10(point.y) : point.y));
  const yTicks = ticks(Math.min(...ys), Math.max(...ys), 4);
  const xTicks = ticks(Math.min(...xs), Math.max(...xs), 4).filter(
    (tick) => tick >= Math.min(...xs) && tick <= Math.max(...xs),
  );
  const x = scale(Math.min(...xs), Math.max(...xs), margin.left, right);
  const y = scale(
    Math.min(...ys, yTicks[0] ?? 0),
    Math.max(...ys, yTicks.at(-1) ?? 1),
    height - margin.bottom,
    margin.top,
  );
  for (const value of yTicks) {
    svg.append(element('line', { x1: margin.left, x2: right, y1: y(value), y2: y(value), class: 'grid' }));
    svg.append(label(logScale ? 10 ** value : value, margin.left - 6, y(value) + 4, 'end'));
  }
  const marks = xTicks.length === 0 ? [Math.min(...xs)] : xTicks;
  marks.forEach((value, i) => {
    const text = label(value, x(value), height - 8, 'middle');
    if (i === 0) text.textContent = `step ${text.textContent ?? ''}`;
    svg.append(text);
  });
  const places = namePlaces(series, (point) => y(logScale ? Math.log10(point.y) : point.y));
  series.forEach((one, i) => {
    const points = one.points.map((point) => ({ x: x(point.x), y: y(logScale ? Math.log10(point.y) : point.y) }));
    const last = points.at(-1);
    if (last === undefined) return;
    if (points.length > 1)
      svg.append(
        element('polyline', {
          points: points.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' '),
          class: `line series-${one.index % 6} dash-${one.index % 4}`,
        }),
      );
    svg.append(element('circle', { cx: last.x, cy: last.y, r: 2.5, class: `point series-${one.index % 6}` }));
    if (!named) return;
    const text = element('text', { x: last.x + 6, y: (places[i] ?? last.y) + 4 });
    text.textContent = one.name;
    svg.append(text);
  });
}

/** Names at the ends of lines, moved apart where the lines end close to each other. */
function namePlaces(series: readonly Series[], y: (point: { x: number; y: number }) => number): number[] {
  const ends = series.map((one, i) => ({ i, y: one.points.at(-1) === undefined ? 0 : y(one.points.at(-1) as never) }));
  const places: number[] = [];
  let above = -Infinity;
  for (const end of ends.sort((a, b) => a.y - b.y)) {
    above = Math.max(end.y, above + 12);
    places[end.i] = above;
  }
  return places;
}

function label(value: number, x: number, y: number, anchor: string): SVGElement {
  const text = element('text', { x, y, 'text-anchor': anchor });
  text.textContent = formatValue(value);
  return text;
}

/** Round numbers that cover the range. */
export function ticks(from: number, to: number, count: number): number[] {
  if (!Number.isFinite(from) || !Number.isFinite(to)) return [];
  if (from === to) return [from];
  const raw = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? raw;
  const found: number[] = [];
  for (let value = Math.floor(from / step + 1e-9) * step; value < to + step * 0.999; value += step)
    found.push(Number(value.toPrecision(12)));
  return found;
}

function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  return from === to ? () => (start + end) / 2 : (value) => start + ((value - from) / (to - from)) * (end - start);
}

export interface AreaOptions {
  readonly name: string;
  /** "mean 6.1 cores" */
  readonly first: string;
  /** "peak 7.0 of 8" */
  readonly second: string;
  readonly values: readonly number[];
  readonly most: number;
  readonly colour: string;
}

/** A small area without axes: the shape of a value over time. */
export function areaChart({ name, first, second, values, most, colour }: AreaOptions): HTMLElement {
  const [areaWidth, areaHeight] = [320, 36];
  const svg = element('svg', {
    viewBox: `0 0 ${areaWidth} ${areaHeight}`,
    role: 'img',
    'aria-label': `${name} over time: ${first}, ${second}`,
    preserveAspectRatio: 'none',
    class: colour,
  });
  const thin = thinned(values.map((y, x) => ({ x, y })));
  const x = scale(0, Math.max(1, values.length - 1), 0, areaWidth);
  const points = thin.map(
    (one) => `${x(one.x).toFixed(1)},${(areaHeight - 2 - (one.y / (most || 1)) * (areaHeight - 4)).toFixed(1)}`,
  );
  if (points.length === 1) points.push(`${areaWidth},${points[0]?.split(',')[1] ?? 0}`);
  svg.append(
    element('polygon', { points: `0,${areaHeight} ${points.join(' ')} ${areaWidth},${areaHeight}`, class: 'area' }),
  );
  svg.append(element('polyline', { points: points.join(' '), class: 'edge' }));
  return h(
    'figure',
    { class: 'resource', 'data-key': `resource-${name}` },
    h('figcaption', {}, h('span', {}, name), h('span', {}, first, ' ', h('span', { class: 'help' }, second))),
    svg as unknown as Node,
  );
}

function element(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
